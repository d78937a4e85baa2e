-- The index: where the frames of each run lie in the journals, and how far each file is entered in it.
-- A run has one span in each chunk of a file in which frames of it begin: from the first of them to behind the last.
CREATE TABLE files (
    engine TEXT NOT NULL,
    number INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    PRIMARY KEY (engine, number)
) WITHOUT ROWID;
CREATE TABLE spans (
    run    TEXT NOT NULL,
    engine TEXT NOT NULL,
    file   INTEGER NOT NULL,
    chunk  INTEGER NOT NULL,
    start  INTEGER NOT NULL,
    stop   INTEGER NOT NULL,
    PRIMARY KEY (run, engine, file, chunk)
) WITHOUT ROWID;
CREATE INDEX spans_by_engine ON spans (engine);
-- A file of which somebody deleted a span is looked through again.
CREATE TRIGGER span_deleted AFTER DELETE ON spans BEGIN
    DELETE FROM files WHERE engine = old.engine AND number = old.file;
END;
CREATE INDEX runs_by_creation ON runs (created, id);
CREATE INDEX runs_unfinished ON runs (created, id) WHERE ended IS NULL;
