-- How long the nodes of a flow took in its last runs, and the runs as such, for views to tell how long one may still take. What a catalog
-- that is made anew lacks of it comes with the next runs.
CREATE TABLE took (
    run   TEXT PRIMARY KEY,
    flow  TEXT NOT NULL,
    ended REAL NOT NULL,
    nodes TEXT NOT NULL -- JSON: seconds by name, of those that completed; of the whole run by ""
) WITHOUT ROWID;
CREATE INDEX took_by_flow ON took (flow, ended);
