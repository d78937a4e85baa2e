-- What processes must agree on. Rebuilt from the journals when it is lost.
CREATE TABLE engines (
    id      TEXT PRIMARY KEY,
    host    TEXT NOT NULL,
    boot_id TEXT NOT NULL,
    pid     INTEGER NOT NULL,
    started REAL NOT NULL
);
CREATE TABLE runs (
    id       TEXT PRIMARY KEY,
    flow     TEXT NOT NULL,
    key      TEXT,
    inputs   TEXT NOT NULL DEFAULT '',
    owner    TEXT NOT NULL,
    epoch    INTEGER NOT NULL DEFAULT 1,
    state    TEXT NOT NULL,
    created  REAL NOT NULL,
    ended    REAL,
    UNIQUE (flow, key)
);
CREATE TABLE cuts (
    run    TEXT NOT NULL,
    engine TEXT NOT NULL,
    epoch  INTEGER NOT NULL,
    file   INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    PRIMARY KEY (run, engine)
);
CREATE INDEX runs_by_state ON runs (state);
