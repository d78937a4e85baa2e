-- Requests to the engine that owns a run, from any process; and what was cut off from an engine.
CREATE TABLE requests (
    id     TEXT PRIMARY KEY,
    run    TEXT NOT NULL,
    verb   TEXT NOT NULL,
    target TEXT,
    args   TEXT NOT NULL,
    by     TEXT NOT NULL,
    at     REAL NOT NULL,
    state  TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'accepted', 'refused')),
    error  TEXT
);
CREATE INDEX requests_waiting ON requests (run) WHERE state = 'waiting';
CREATE INDEX cuts_by_engine ON cuts (engine);
CREATE INDEX runs_by_owner ON runs (owner);
