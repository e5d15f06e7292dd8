-- What node-postgres (pg) sends: text parameters of many types, several statements at once. Recorded
-- against PostgreSQL 15 (tests/replay).
--! application node-postgres
--! simple
-- a table
SELECT * FROM "{schema}"."{table}" LIMIT 100
;
-- two statements
SELECT 1 AS a; SELECT 2 AS b
;
-- nothing

;
--! text
-- a filter
--! values ["x"]
SELECT * FROM "{schema}"."{table}" WHERE "{column}"::text = $1 LIMIT 10
;
-- int4
--! values ["1"]
SELECT $1::int4 AS value
;
-- int8
--! values ["1099511627776"]
SELECT $1::int8 AS value
;
-- float8
--! values ["0.1"]
SELECT $1::float8 AS value
;
-- numeric
--! values ["12.50"]
SELECT $1::numeric AS value
;
-- text
--! values ["é'\\"]
SELECT $1::text AS value
;
-- bool
--! values ["true"]
SELECT $1::bool AS value
;
-- date
--! values ["2026-01-31"]
SELECT $1::date AS value
;
-- timestamptz
--! values ["1970-01-01T00:00:00.000+00:00"]
SELECT $1::timestamptz AS value
;
-- int4[]
--! values ["{\"1\",NULL}"]
SELECT $1::int4[] AS value
;
-- text[]
--! values ["{\"a\",\"b,c\"}"]
SELECT $1::text[] AS value
;
-- jsonb
--! values ["{\"a\":[1]}"]
SELECT $1::jsonb AS value
;
-- uuid
--! values ["00000000-0000-0000-0000-000000000001"]
SELECT $1::uuid AS value
;
-- NULL
--! values [null]
SELECT count(*) FROM (SELECT * FROM "{schema}"."{table}" LIMIT 1000) AS t WHERE $1::text IS NULL OR
  "{column}"::text = $1
;
--! simple
-- begin
BEGIN TRANSACTION ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE
;
-- end
COMMIT
;
-- version
SELECT version()
;
-- server_version
SHOW server_version
;
