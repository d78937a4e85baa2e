-- name: runs
-- Every run, the newest first.
SELECT run, flow, version, status, started, ended, duration, inputs, tags, nodes, failed, host, reason, owner
FROM runs ORDER BY started DESC, run DESC;

-- name: tasks
-- Nodes and items, in the order of the flow; a mapped node has a row of its own, before those of its items.
SELECT run, node, item, key, state, reason, attempts, queued, started, ended, wait, duration, cpu, worker, error, rows, scope, unit,
    (SELECT engine FROM run_owner o WHERE o.run = tasks.run) AS owner
FROM tasks
ORDER BY run, min(unit) OVER (PARTITION BY run, node), unit;

-- name: attempts
-- Every attempt that was started.
SELECT run, node, item, key, attempt, state, queued, started, ended, duration, cpu, worker, error_type, error,
    (SELECT engine FROM run_owner o WHERE o.run = attempts.run) AS owner
FROM attempts ORDER BY run, started, node, item;

-- name: transitions
-- Every change of state, in the order in which it was recorded.
SELECT run, seq, "at", node, item, key, from_state, to_state, event, reason, attempt
FROM transitions ORDER BY run, seq, step, node, item;

-- name: events
-- Every fact; one of many units has a row for each, in the order of the items.
SELECT run, seq, "at", kind, node, item, key, event, state, reason, attempt, error_type, error, detail
FROM events ORDER BY run, seq, node, item;

-- name: logs
-- What bodies printed and logged.
SELECT run, node, item, key, attempt, "at", level, text FROM logs ORDER BY run, "at";

-- name: metrics
-- What bodies measured.
SELECT run, node, item, key, attempt, "at", name, value FROM metrics ORDER BY run, "at";

-- name: artifacts
-- What bodies kept beside their results.
SELECT run, node, item, key, attempt, "at", name, codec, type FROM artifacts ORDER BY run, "at";

-- name: stats_by_node
-- Counts and times of each node over the runs since a time. Times in seconds.
SELECT r.flow, t.node, count(*) AS tasks,
    count(*) FILTER (t.state = 'completed') AS completed, count(*) FILTER (t.state = 'failed') AS failed,
    count(*) FILTER (t.state = 'completed') / nullif(count(*) FILTER (t.state IN ('completed', 'failed')), 0) AS success_rate,
    quantile_cont(epoch(t.duration), 0.5) AS p50, quantile_cont(epoch(t.duration), 0.95) AS p95, max(epoch(t.duration)) AS slowest,
    sum(epoch(t.duration)) AS total, avg(epoch(t.wait)) AS mean_wait, sum(greatest(t.attempts - 1, 0))::BIGINT AS retries
FROM tasks t JOIN created r USING (run) WHERE t.kind IN ('task', 'item') AND ($since IS NULL OR r."at" >= $since)
GROUP BY r.flow, t.node ORDER BY total DESC NULLS LAST, t.node;

-- name: stats_by_flow
-- Counts and times of each flow's runs since a time. Times in seconds.
SELECT flow, count(*) AS runs, count(*) FILTER (status = 'completed') AS completed, count(*) FILTER (status = 'failed') AS failed,
    count(*) FILTER (status = 'completed') / nullif(count(*) FILTER (status IN ('completed', 'failed')), 0) AS success_rate,
    quantile_cont(epoch(duration), 0.5) AS p50, quantile_cont(epoch(duration), 0.95) AS p95, max(epoch(duration)) AS slowest,
    sum(epoch(duration)) AS total, max(started) AS last
FROM runs WHERE $since IS NULL OR started >= $since GROUP BY flow ORDER BY total DESC NULLS LAST, flow;
