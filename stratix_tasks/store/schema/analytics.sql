-- What analysis reads: projected from the journals, made again from them when it is lost.
CREATE TABLE meta (key VARCHAR, value VARCHAR);
CREATE TABLE files (engine VARCHAR, number INTEGER, "offset" BIGINT);
CREATE TABLE flows (flow VARCHAR, version VARCHAR, spec VARCHAR);
CREATE TABLE created (
    run VARCHAR, flow VARCHAR, version VARCHAR, engine VARCHAR, host VARCHAR, pid INTEGER, "at" TIMESTAMP,
    inputs VARCHAR, tags VARCHAR, key VARCHAR, priority INTEGER
);
CREATE TABLE nodes (run VARCHAR, unit INTEGER, node VARCHAR, kind VARCHAR, parent INTEGER, inner_block VARCHAR);
-- What opens later in a group: of `count` scopes the unit of the j-th one is first + start * count + j * size + place.
CREATE TABLE scopes (
    run VARCHAR, block VARCHAR, entry INTEGER, node VARCHAR, kind VARCHAR, parent INTEGER, inner_block VARCHAR,
    start INTEGER, size INTEGER, place INTEGER
);
CREATE TABLE expansions (
    run VARCHAR, seq INTEGER, epoch INTEGER, unit INTEGER, first INTEGER, count INTEGER, keys VARCHAR[], "index" INTEGER
);
CREATE TABLE spawned (run VARCHAR, seq INTEGER, epoch INTEGER, unit INTEGER, parent INTEGER, item INTEGER, key VARCHAR);
-- A fact of a span is of the units from `unit` to `stop` - 1; one of several spans has a row, a part, for each.
CREATE TABLE facts (
    run VARCHAR, seq INTEGER, part INTEGER, epoch INTEGER, "at" TIMESTAMP, kind VARCHAR, unit INTEGER, stop INTEGER, event VARCHAR, state VARCHAR, reason VARCHAR,
    attempt INTEGER, queued TIMESTAMP, worker VARCHAR, cpu DOUBLE, rows BIGINT, error_type VARCHAR, error VARCHAR, detail VARCHAR
);
CREATE TABLE notes_logs (run VARCHAR, unit INTEGER, attempt INTEGER, "at" TIMESTAMP, level VARCHAR, text VARCHAR);
CREATE TABLE notes_metrics (run VARCHAR, unit INTEGER, attempt INTEGER, "at" TIMESTAMP, name VARCHAR, value DOUBLE);
CREATE TABLE notes_artifacts (run VARCHAR, unit INTEGER, attempt INTEGER, "at" TIMESTAMP, name VARCHAR, codec VARCHAR, type VARCHAR);

-- Whether a row is of the run that is looked at; without one all are. Where tables are read, for nothing that is asked of a view
-- as a whole comes down to them through recursions and windows.
CREATE MACRO asked(one) AS getvariable('run') IS NULL OR one = getvariable('run');

-- Where each owner's facts begin.
CREATE VIEW owners AS SELECT run, epoch, min(seq) AS first FROM facts WHERE asked(run) GROUP BY run, epoch;

-- A fact counts once, and only if no later owner had taken the run over before it: an old owner may have gone on unaware.
CREATE VIEW recorded AS
SELECT f.* FROM facts f
WHERE asked(f.run) AND NOT EXISTS (SELECT 1 FROM owners o WHERE o.run = f.run AND o.epoch > f.epoch AND o.first <= f.seq)
QUALIFY row_number() OVER (PARTITION BY run, seq, part ORDER BY epoch DESC) = 1;

-- Facts of units, one row a unit.
CREATE VIEW moves AS
SELECT * EXCLUDE (stop) FROM recorded WHERE unit IS NOT NULL AND stop IS NULL
UNION ALL BY NAME
SELECT r.* EXCLUDE (stop, unit), u.unit::INTEGER AS unit FROM recorded r, LATERAL (SELECT unnest(range(r.unit, r.stop)) AS unit) u
WHERE r.stop IS NOT NULL;

-- Expansions; `gone` is the fact that took one out of the run: a rollback of its group, or of a round by itself.
CREATE VIEW expanded AS
WITH rolled AS (SELECT run, seq, unit, state, detail FROM moves WHERE kind = 'rolled')
SELECT x.*, (
    SELECT min(b.seq) FROM rolled b
    WHERE b.run = x.run AND b.unit = x.unit AND b.seq > x.seq AND (b.state IS NOT NULL OR b.detail = '{"place":' || x."index" || '}')
) AS gone
FROM expansions x JOIN recorded r USING (run, seq, epoch) WHERE asked(x.run);

-- Nodes of scopes that opened later: of mapped flows, of rounds, of flows in themselves.
CREATE VIEW opened AS
WITH RECURSIVE inside AS (
    SELECT run, unit, node, NULL::INTEGER AS item, NULL::VARCHAR AS key, kind, parent, NULL::BIGINT AS gone, inner_block, NULL::VARCHAR AS scope
    FROM nodes WHERE asked(run) AND inner_block IS NOT NULL
    UNION ALL
    SELECT x.run, (x.first + b.start * x.count + i.i * b.size + b.place)::INTEGER, o.node || '.' || b.node,
        CASE WHEN o.kind = 'flow' THEN o.item ELSE (x."index" + i.i)::INTEGER END,
        CASE WHEN o.kind = 'flow' THEN o.key ELSE x.keys[i.i + 1] END, b.kind,
        CASE WHEN b.parent < 0 THEN x.unit ELSE (x.first + p.start * x.count + i.i * p.size + p.place)::INTEGER END,
        least(o.gone, x.gone), b.inner_block,
        coalesce(o.scope || '.', '') || split_part(o.node, '.', -1)
            || CASE WHEN o.kind = 'flow' THEN '' ELSE '[' || (x."index" + i.i) || ']' END
    FROM inside o
    JOIN expanded x ON x.run = o.run AND x.unit = o.unit
    JOIN scopes b ON asked(b.run) AND b.run = o.run AND b.block = o.inner_block
    LEFT JOIN scopes p ON asked(p.run) AND p.run = b.run AND p.block = b.block AND p.entry = b.parent,
    LATERAL (SELECT unnest(range(x.count)) AS i) i
    WHERE o.inner_block IS NOT NULL
)
SELECT * FROM inside WHERE scope IS NOT NULL;

-- Nodes, items, and items that others spawned into the expansion before them; what is `gone` is of the run no more.
CREATE VIEW units AS
WITH placed AS (
    SELECT run, unit, node, NULL::INTEGER AS item, NULL::VARCHAR AS key, kind, parent, NULL::BIGINT AS gone, NULL::VARCHAR AS scope FROM nodes
    WHERE asked(run)
    UNION ALL
    SELECT run, unit, node, item, key, kind, parent, gone, scope FROM opened
)
SELECT * FROM placed
UNION ALL
SELECT x.run, (x.first + i.i)::INTEGER, n.node, i.i::INTEGER, x.keys[i.i + 1], 'item', x.unit, least(x.gone, n.gone), n.scope
FROM expanded x
JOIN placed n ON n.run = x.run AND n.unit = x.unit AND n.kind = 'map',
LATERAL (SELECT unnest(range(x.count)) AS i) i
UNION ALL
SELECT s.run, s.unit, n.node, s.item, s.key, 'item', s.parent, least(x.gone, n.gone), n.scope
FROM spawned s JOIN recorded r USING (run, seq, epoch)
JOIN expanded x ON x.run = s.run AND x.unit = s.parent AND x.seq < s.seq
JOIN placed n ON n.run = s.run AND n.unit = s.parent
WHERE asked(s.run)
QUALIFY row_number() OVER (PARTITION BY s.run, s.unit ORDER BY x.seq DESC) = 1;

-- Marks: the last word on a unit itself. A release, or a rollback, takes its mark away; one that lets go is a mark, too.
CREATE VIEW marks AS
SELECT run, unit, arg_max(event, seq) AS mark, arg_max(reason, seq) AS reason
FROM moves WHERE kind IN ('held', 'released') OR (kind = 'rolled' AND state IS NOT NULL) GROUP BY run, unit HAVING arg_max(kind, seq) = 'held';

-- What is paused: by a mark of its own, or else by that of the nearest group around it.
CREATE VIEW paused AS
WITH RECURSIVE told AS (
    SELECT run, unit, mark, reason FROM marks
    UNION ALL
    SELECT u.run, u.unit, t.mark, t.reason FROM told t JOIN units u ON u.run = t.run AND u.parent = t.unit AND u.gone IS NULL
    WHERE NOT EXISTS (SELECT 1 FROM marks m WHERE m.run = u.run AND m.unit = u.unit)
)
SELECT run, unit, reason FROM told WHERE mark = 'hold';

CREATE VIEW run_state AS
SELECT run, arg_max(state, seq) AS state, nullif(arg_max(coalesce(reason, ''), seq), '') AS reason, max("at") AS "at"
FROM recorded WHERE kind = 'run' GROUP BY run;

CREATE VIEW run_owner AS
SELECT run, arg_max(worker, seq) AS engine FROM recorded WHERE kind IN ('created', 'claimed') GROUP BY run;

-- A group begins with its first expansion since it was last set back: each round of a loop is one.
CREATE VIEW group_started AS
WITH back AS (SELECT run, unit, max(seq) AS seq FROM moves WHERE state = 'pending' GROUP BY run, unit)
SELECT run, unit, min("at") AS "at" FROM moves LEFT JOIN back b USING (run, unit)
WHERE kind = 'expanded' AND moves.seq > coalesce(b.seq, -1) GROUP BY run, unit;

CREATE VIEW task_state AS
SELECT
    run, unit,
    CASE WHEN arg_max(kind, seq) FILTER (state IS NOT NULL) = 'rolled'
        AND arg_max(state, seq) FILTER (kind <> 'rolled') IN ('running', 'suspended', 'stopping') THEN 'stopping' -- its body is
        ELSE arg_max(state, seq) END AS state,
    arg_max(coalesce(reason, ''), seq) FILTER (state IS NOT NULL) AS reason,
    max(attempt) AS attempts,
    arg_max(queued, seq) FILTER (event = 'dispatch') AS queued,
    coalesce(max("at") FILTER (event = 'dispatch'), any_value(begun)) AS started,
    arg_max("at", seq) FILTER (state IN ('completed', 'failed', 'upstream_failed', 'cancelled', 'skipped')) AS ended,
    arg_max(cpu, seq) FILTER (kind = 'completed') AS cpu,
    arg_max(worker, seq) FILTER (event = 'dispatch') AS worker,
    arg_max(rows, seq) FILTER (state = 'completed') AS rows,
    arg_max(concat_ws(': ', error_type, nullif(error, '')), seq) FILTER (error_type IS NOT NULL) AS error
FROM moves LEFT JOIN (SELECT run, unit, "at" AS begun FROM group_started) g USING (run, unit) GROUP BY run, unit;

CREATE VIEW runs AS
SELECT
    c.run, c.flow, c.version, coalesce(s.state, 'pending') AS status, c."at" AS started,
    CASE WHEN s.state IN ('completed', 'failed', 'cancelled') THEN s."at" END AS ended,
    CASE WHEN s.state IN ('completed', 'failed', 'cancelled') THEN s."at" - c."at" END AS duration,
    c.inputs, c.tags,
    (SELECT count(*) FROM nodes n WHERE n.run = c.run) AS nodes,
    (SELECT count(*) FROM nodes n JOIN task_state t USING (run, unit) WHERE n.run = c.run AND t.state = 'failed') AS failed,
    c.host, s.reason, c.key, c.priority, o.engine AS owner
FROM created c LEFT JOIN run_state s USING (run) LEFT JOIN run_owner o USING (run);

CREATE VIEW tasks AS
SELECT
    u.run, u.node, u.item, u.key,
    CASE WHEN held THEN 'held' ELSE coalesce(t.state, 'pending') END AS state,
    CASE WHEN held THEN p.reason ELSE nullif(t.reason, '') END AS reason,
    coalesce(t.attempts, 0)::INTEGER AS attempts, t.queued, CASE WHEN t.state <> 'pending' THEN t.started END AS started,
    CASE WHEN t.state IN ('completed', 'failed', 'upstream_failed', 'cancelled', 'skipped') THEN t.ended END AS ended,
    t.started - t.queued AS wait,
    CASE WHEN t.state IN ('completed', 'failed', 'cancelled') THEN t.ended - t.started END AS duration,
    t.cpu, t.worker,
    CASE WHEN t.state IN ('failed', 'upstream_failed') THEN t.error END AS error,
    t.rows, u.scope, u.unit, u.kind
FROM (SELECT * FROM units WHERE gone IS NULL) u
LEFT JOIN task_state t USING (run, unit)
LEFT JOIN paused p USING (run, unit),
LATERAL (SELECT p.unit IS NOT NULL AND coalesce(t.state, 'pending') IN ('pending', 'retrying') AS held) h;

-- To become ready is no fact: the start tells since when it was. To be held is one of the unit that the mark is on, if it waits.
-- What a rollback took out is retired, by the fact that did.
CREATE VIEW transitions AS
WITH taken AS (
    SELECT u.run, u.gone AS seq, r."at", 'rolled' AS kind, u.unit, 'rollback' AS event, 'retired' AS state, 'rollback' AS reason
    FROM units u JOIN (SELECT run, seq, min("at") AS "at" FROM recorded WHERE kind = 'rolled' GROUP BY run, seq) r ON r.run = u.run AND r.seq = u.gone
    SEMI JOIN (SELECT run, unit, min(seq) AS first FROM moves WHERE state IS NOT NULL GROUP BY run, unit) m
        ON m.run = u.run AND m.unit = u.unit AND m.first < u.gone
), told AS (
    SELECT * REPLACE (
        coalesce(attempt, lag(attempt IGNORE NULLS) OVER steps, 0) AS attempt,
        CASE WHEN kind = 'rolled' AND lag(CASE WHEN kind <> 'rolled' THEN state END IGNORE NULLS) OVER steps
            IN ('running', 'suspended', 'stopping') THEN 'stopping' ELSE state END AS state
    )
    FROM (SELECT * FROM moves WHERE state IS NOT NULL OR kind IN ('held', 'released') UNION ALL BY NAME SELECT * FROM taken)
    WINDOW steps AS (PARTITION BY run, unit ORDER BY seq)
), known AS (
    SELECT *, coalesce(lag(state IGNORE NULLS) OVER (PARTITION BY run, unit ORDER BY seq), 'pending') AS was FROM told
), shown AS (
    SELECT * REPLACE (CASE WHEN state IS NOT NULL THEN state WHEN event = 'hold' AND was IN ('pending', 'retrying') THEN 'held' ELSE was END AS state),
        state IS NULL AS marked
    FROM known
), moved AS (
    SELECT * FROM (SELECT *, lag(state, 1, 'pending') OVER (PARTITION BY run, unit ORDER BY seq) AS before FROM shown)
    WHERE NOT marked OR state <> before
)
SELECT run, seq, "at", node, item, key, from_state, to_state, event, reason, attempt, step
FROM (
    SELECT run, seq, 0 AS step, queued AS "at", unit, before AS from_state, 'ready' AS to_state,
        CASE was WHEN 'retrying' THEN 'due' ELSE 'deps_ok' END AS event, NULL AS reason, attempt
    FROM moved WHERE event = 'dispatch'
    UNION ALL
    SELECT run, seq, 1, "at", unit, CASE event WHEN 'dispatch' THEN 'ready' ELSE before END, state, event, reason, attempt FROM moved
) JOIN units USING (run, unit);

CREATE VIEW attempts AS
WITH told AS (
    SELECT * REPLACE (coalesce(attempt, lag(attempt IGNORE NULLS) OVER steps) AS attempt),
        coalesce(lag(state) OVER steps = 'waiting', false) AS waited
    FROM moves WHERE state IS NOT NULL
    WINDOW steps AS (PARTITION BY run, unit ORDER BY seq)
)
SELECT run, node, item, key, attempt,
    CASE coalesce(arg_max(event, seq) FILTER (event <> 'dispatch'), 'dispatch')
        WHEN 'dispatch' THEN 'running' WHEN 'ok' THEN 'completed' WHEN 'fail' THEN 'failed' WHEN 'fail_retry' THEN 'failed'
        WHEN 'stopped' THEN arg_max(state, seq) WHEN 'orphaned' THEN 'lost' WHEN 'lost' THEN 'lost' WHEN 'lost_retry' THEN 'lost' WHEN 'suspend' THEN 'suspended' WHEN 'release' THEN 'running'
        WHEN 'stop' THEN 'stopping' WHEN 'rollback' THEN 'cancelled' ELSE arg_max(state, seq) END AS state,
    min(queued) AS queued, min("at") FILTER (event = 'dispatch') AS started,
    max("at") FILTER (waited OR event IN ('ok', 'fail', 'fail_retry', 'stopped', 'orphaned', 'lost', 'lost_retry')) AS ended,
    max("at") FILTER (waited OR event IN ('ok', 'fail', 'fail_retry', 'stopped', 'orphaned', 'lost', 'lost_retry')) - min("at") FILTER (event = 'dispatch')
        AS duration,
    max(cpu) AS cpu, max(worker) AS worker, max(error_type) AS error_type, max(error) AS error
FROM told JOIN units USING (run, unit)
WHERE (waited OR event IN ('dispatch', 'ok', 'fail', 'fail_retry', 'stop', 'stopped', 'orphaned', 'lost', 'lost_retry', 'suspend', 'release', 'wait')) AND attempt > 0
    AND (event <> 'release' OR state = 'running') -- of what is held ahead of its start, a release is of no attempt
GROUP BY run, node, item, key, unit, attempt
HAVING count(*) FILTER (event = 'dispatch') > 0;

CREATE VIEW events AS
SELECT r.run, r.seq, r."at", r.kind, u.node, u.item, u.key, r.event, r.state, r.reason, r.attempt, r.error_type, r.error, r.detail
FROM (SELECT * EXCLUDE (stop) FROM recorded WHERE unit IS NULL UNION ALL BY NAME FROM moves) r LEFT JOIN units u USING (run, unit);

CREATE VIEW logs AS
SELECT l.run, u.node, u.item, u.key, l.attempt, l."at", l.level, l.text FROM notes_logs l JOIN units u USING (run, unit) WHERE asked(l.run);

CREATE VIEW metrics AS
SELECT m.run, u.node, u.item, u.key, m.attempt, m."at", m.name, m.value FROM notes_metrics m JOIN units u USING (run, unit) WHERE asked(m.run);

CREATE VIEW artifacts AS
SELECT a.run, u.node, u.item, u.key, a.attempt, a."at", a.name, a.codec, a.type FROM notes_artifacts a JOIN units u USING (run, unit) WHERE asked(a.run);

CREATE VIEW task_stats AS
SELECT r.flow, t.node, count(*) AS tasks,
    count(*) FILTER (t.state = 'completed') AS completed, count(*) FILTER (t.state = 'failed') AS failed,
    count(*) FILTER (t.state = 'completed') / nullif(count(*) FILTER (t.state IN ('completed', 'failed')), 0) AS success_rate,
    quantile_cont(epoch(t.duration), 0.5) AS p50, quantile_cont(epoch(t.duration), 0.95) AS p95,
    sum(epoch(t.duration)) AS total, avg(epoch(t.wait)) AS mean_wait, sum(greatest(t.attempts - 1, 0)) AS retries
FROM tasks t JOIN created r USING (run) GROUP BY r.flow, t.node;

CREATE VIEW throughput AS
SELECT run, time_bucket(INTERVAL 1 second, "at") AS "at", count(*) AS completed
FROM recorded WHERE kind = 'completed' GROUP BY ALL;

CREATE VIEW gantt AS
SELECT run, node, item, key, attempt, state, queued, started, ended FROM attempts;
