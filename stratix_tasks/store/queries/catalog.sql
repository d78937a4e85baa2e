-- name: add_engine
-- An engine that may own runs.
INSERT OR REPLACE INTO engines (id, host, boot_id, pid, started) VALUES (:id, :host, :boot_id, :pid, :started);

-- name: add_run
-- A new run; the unique key makes the second of two equal starts fail.
INSERT INTO runs (id, flow, key, inputs, owner, epoch, state, created) VALUES (:id, :flow, :key, :inputs, :owner, :epoch, :state, :created);

-- name: run_by_key
-- The run that an idempotency key stands for.
SELECT id, inputs FROM runs WHERE flow = :flow AND key = :key;

-- name: run
-- One run.
SELECT id, flow, key, owner, epoch, state, created, ended FROM runs WHERE id = :id;

-- name: runs
-- All runs, the newest first.
SELECT id, flow, key, owner, epoch, state, created, ended FROM runs ORDER BY created DESC;

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
