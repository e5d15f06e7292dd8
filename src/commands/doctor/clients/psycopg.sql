-- What psycopg 3 sends: parameters, types by name, server cursors, COPY. Recorded against PostgreSQL 15
-- (tests/replay).
--! application psycopg
--! simple
-- begin
BEGIN
;
-- a savepoint
SAVEPOINT "_pg3_1"
;
-- release
RELEASE "_pg3_1"
;
-- end
COMMIT
;
-- read only
BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY NOT DEFERRABLE
;
-- end
ROLLBACK
;
-- a table
SELECT * FROM "{schema}"."{table}" LIMIT 100
;
--! text
-- a type by name
--! values ["text"]
SELECT
    typname AS name, oid, typarray AS array_oid,
    oid::regtype::text AS regtype, typdelim AS delimiter
FROM pg_type t
WHERE t.oid = to_regtype($1)
ORDER BY t.oid
;
-- a composite by name
--! values ["{schema}.{table}"]
SELECT
    t.typname AS name, t.oid AS oid, t.typarray AS array_oid,
    t.oid::regtype::text AS regtype,
    coalesce(a.fnames, '{}') AS field_names,
    coalesce(a.ftypes, '{}') AS field_types
FROM pg_type t
LEFT JOIN (
    SELECT
        attrelid,
        array_agg(attname) AS fnames,
        array_agg(atttypid) AS ftypes
    FROM (
        SELECT a.attrelid, a.attname, a.atttypid
        FROM pg_attribute a
        JOIN pg_type t ON t.typrelid = a.attrelid
        WHERE t.oid = to_regtype($1)
        AND a.attnum > 0
        AND NOT a.attisdropped
        ORDER BY a.attnum
    ) x
    GROUP BY attrelid
) a ON a.attrelid = t.typrelid
WHERE t.oid = to_regtype($1)
;
-- an enum by name
--! values ["nothing"]
SELECT name, oid, array_oid, regtype, array_agg(label) AS labels
FROM (
    SELECT
        t.typname AS name, t.oid AS oid, t.typarray AS array_oid,
        t.oid::regtype::text AS regtype, e.enumlabel AS label
    FROM pg_type t
    LEFT JOIN  pg_enum e
    ON e.enumtypid = t.oid
    WHERE t.oid = to_regtype($1)
    ORDER BY e.enumsortorder
) x
GROUP BY name, oid, array_oid, regtype
;
-- a range by name
--! values ["int4range"]
SELECT t.typname AS name, t.oid AS oid, t.typarray AS array_oid,
    t.oid::regtype::text AS regtype,
    r.rngsubtype AS subtype_oid
FROM pg_type t
JOIN pg_range r ON t.oid = r.rngtypid
WHERE t.oid = to_regtype($1)
;
-- parameters
--! values ["1", "2"]
SELECT $1::int + $2::int, $1::text
;
-- a filter
--! values ["{a,b}"]
SELECT * FROM "{schema}"."{table}" WHERE "{column}"::text = ANY($1) LIMIT 10
;
--! binary
-- a table, binary
SELECT * FROM "{schema}"."{table}" LIMIT 100
;
-- a filter, binary
--! values ["x"]
SELECT * FROM "{schema}"."{table}" WHERE "{column}"::text = $1 LIMIT 10
;
-- parameters, binary
--! values ["1", "12.50", "2026-01-31 10:00:00+00", "{a,\"b,c\"}", "{\"a\": [1]}", "00000000-0000-0000-0000-000000000001"]
SELECT $1::int2, $2::numeric, $3::timestamptz, $4::text[], $5::jsonb, $6::uuid
;
--! simple
-- begin
BEGIN
;
-- a server cursor
DECLARE "named" CURSOR FOR SELECT * FROM "{schema}"."{table}" LIMIT 20
;
-- some rows
FETCH FORWARD 4 FROM "named"
;
-- close
CLOSE "named"
;
-- a scrolling cursor
DECLARE "scrolls" SCROLL CURSOR FOR SELECT * FROM "{schema}"."{table}" LIMIT 20
;
-- move
MOVE 2 FROM "scrolls"
;
-- back
MOVE ABSOLUTE 0 FROM "scrolls"
;
-- all
FETCH FORWARD ALL FROM "scrolls"
;
-- end
COMMIT
;
-- COPY, text
COPY (SELECT * FROM "{schema}"."{table}" LIMIT 100) TO STDOUT
;
-- COPY, binary
COPY (SELECT * FROM "{schema}"."{table}" LIMIT 100) TO STDOUT (FORMAT BINARY)
;
-- COPY, CSV
COPY (SELECT * FROM "{schema}"."{table}" LIMIT 100) TO STDOUT (FORMAT CSV, HEADER)
;
