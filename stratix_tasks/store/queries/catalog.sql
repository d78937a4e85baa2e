-- name: add_engine
-- An engine that may own runs.
INSERT OR REPLACE INTO engines (id, host, boot_id, pid, started) VALUES (:id, :host, :boot_id, :pid, :started);

-- name: add_run
-- A run, unless it is there: another process may have entered it from the journal of its owner.
INSERT OR IGNORE INTO runs (id, flow, key, inputs, owner, epoch, state, created, ended)
VALUES (:id, :flow, :key, :inputs, :owner, :epoch, :state, :created, :ended);

-- name: run_by_key
-- The run that an idempotency key stands for.
SELECT id, inputs FROM runs WHERE flow = :flow AND key = :key;

-- name: run
-- One run.
SELECT id, flow, key, owner, epoch, state, created, ended FROM runs WHERE id = :id;

-- name: runs
-- The newest runs first; all for a limit below 0.
SELECT id, flow, key, owner, epoch, state, created, ended FROM runs ORDER BY created DESC, id DESC LIMIT :limit;

-- name: beside
-- The runs of the same flow that began just before and after one.
SELECT
    (SELECT id FROM runs b WHERE b.flow = r.flow AND (b.created, b.id) < (r.created, r.id) ORDER BY b.created DESC, b.id DESC LIMIT 1),
    (SELECT id FROM runs b WHERE b.flow = r.flow AND (b.created, b.id) > (r.created, r.id) ORDER BY b.created, b.id LIMIT 1)
FROM runs r WHERE r.id = :id;

-- name: add_took
-- How long the nodes of a run took that has ended.
INSERT OR REPLACE INTO took (run, flow, ended, nodes) SELECT id, flow, :ended, :nodes FROM runs WHERE id = :id;

-- name: forget_took
-- Of runs of a flow before its last ones.
DELETE FROM took WHERE run IN (
    SELECT run FROM took WHERE flow = (SELECT flow FROM runs WHERE id = :id) ORDER BY ended DESC, run DESC LIMIT -1 OFFSET :keep
);

-- name: took
-- The same of the last other runs of a flow.
SELECT nodes FROM took WHERE flow = :flow AND run <> :run ORDER BY ended DESC, run DESC;

-- name: unfinished
-- Runs that have something left to do, as far as their owners told; the newest first.
SELECT id, flow, key, owner, epoch, state, created, ended FROM runs
WHERE ended IS NULL ORDER BY created DESC, id DESC;

-- name: set_state
-- What a run has come to; only its owner may say so.
UPDATE runs SET state = :state, ended = :ended WHERE id = :id AND epoch = :epoch;

-- name: remove
-- A run that was lost ahead of its first fact.
DELETE FROM runs WHERE id = :id AND epoch = :epoch;

-- name: claim
-- Take a run over, if nobody else has done so meanwhile.
UPDATE runs SET owner = :owner, epoch = epoch + 1, state = 'running', ended = NULL WHERE id = :id AND epoch = :epoch;

-- name: add_cut
-- Where the dead owner's journal ends: what lies behind is ignored by every reader.
INSERT OR REPLACE INTO cuts (run, engine, epoch, file, offset) VALUES (:run, :engine, :epoch, :file, :offset);

-- name: cuts
-- The cuts of one run.
SELECT engine, epoch, file, offset FROM cuts WHERE run = :run;

-- name: cut_off
-- Runs that were taken over from an engine, with the last epoch that it lost.
SELECT run, epoch FROM cuts WHERE engine = :engine;

-- name: engine
-- Where an engine ran.
SELECT host, pid FROM engines WHERE id = :id;

-- name: add_request
-- A request to whoever owns the run. One that was sent twice is one.
INSERT OR IGNORE INTO requests (id, run, verb, target, args, by, at) VALUES (:id, :run, :verb, :target, :args, :by, :at);

-- name: forget_requests
-- Requests that were answered long ago; those that wait are kept.
DELETE FROM requests WHERE state <> 'waiting' AND at < :before;

-- name: waiting
-- What an engine is asked and has not answered, in the order of asking.
SELECT q.id, q.run, q.verb, q.target, q.args, q.by FROM requests q JOIN runs r ON r.id = q.run
WHERE q.state = 'waiting' AND r.owner = :engine ORDER BY q.at, q.rowid;

-- name: answer
-- What became of a request; the first answer stays.
UPDATE requests SET state = :state, error = :error WHERE id = :id AND state = 'waiting';

-- name: answered
-- The answer to a request.
SELECT state, error FROM requests WHERE id = :id AND state <> 'waiting';

-- name: all_cuts
-- The cuts of all runs.
SELECT run, engine, epoch, file, offset FROM cuts;

-- name: entered
-- How far the index has the files of an engine.
SELECT number, offset FROM files WHERE engine = :engine;

-- name: enter_file
-- How far the index has a file.
INSERT OR REPLACE INTO files (engine, number, offset) VALUES (:engine, :number, :offset);

-- name: add_span
-- Where a run's frames are in a chunk of a file; one that is there grows.
INSERT INTO spans (run, engine, file, chunk, start, stop) VALUES (:run, :engine, :file, :chunk, :start, :stop)
ON CONFLICT DO UPDATE SET start = min(start, excluded.start), stop = max(stop, excluded.stop);

-- name: spans
-- Where a run's frames are.
SELECT engine, file, start, stop FROM spans WHERE run = :run;

-- name: owners
-- The engine that has a run, and those that were cut off from it.
SELECT owner FROM runs WHERE id = :run
UNION
SELECT engine FROM cuts WHERE run = :run AND EXISTS (SELECT 1 FROM runs WHERE id = :run);

-- name: unentered
-- The spans of runs that have no row.
SELECT run, engine, file, start, stop FROM spans WHERE NOT EXISTS (SELECT 1 FROM runs WHERE id = spans.run) ORDER BY run;

-- name: unentered_of
-- Runs that an engine wrote of and that have no row.
SELECT DISTINCT run FROM spans WHERE engine = :engine AND NOT EXISTS (SELECT 1 FROM runs WHERE id = spans.run);
