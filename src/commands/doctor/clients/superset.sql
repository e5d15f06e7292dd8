-- What Superset sends over psycopg2: its start, SQL Lab, charts. Lists of tables are in sqlalchemy.sql,
-- too. Written after its sources (tests/replay/clients/written).
--! application superset
--! simple
-- begin
BEGIN
;
-- version
select pg_catalog.version()
;
-- schema
select current_schema()
;
-- strings
show standard_conforming_strings
;
-- end
ROLLBACK
;
-- schema of a query
set search_path = "{schema}"
;
-- schemas
SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname NOT LIKE 'pg\_%' ORDER BY nspname
;
-- databases
SELECT datname FROM pg_database WHERE datistemplate = false
;
-- the backend to cancel
SELECT pg_backend_pid() > 0
;
-- tables of a schema
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = '{schema}'
  AND c.relkind in ('r', 'p') ORDER BY 1
;
-- views of a schema
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = '{schema}'
  AND c.relkind IN ('v', 'm')
;
-- SQL Lab
SELECT * FROM "{table}"
LIMIT 1001
;
-- a chart by value
SELECT "{column}" AS "{column}", count(*) AS count FROM (SELECT * FROM "{schema}"."{table}" LIMIT 1000) AS
  virtual_table
GROUP BY "{column}" ORDER BY count DESC
LIMIT 100
;
-- a chart by day
SELECT DATE_TRUNC('day', at) AS __timestamp, COUNT(*) AS count
FROM (SELECT TIMESTAMP '2026-01-31 10:20:30' AS at FROM (SELECT * FROM "{schema}"."{table}" LIMIT 1000) AS
  t) AS virtual_table
WHERE at >= TO_TIMESTAMP('2026-01-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US')
GROUP BY DATE_TRUNC('day', at) ORDER BY 1
LIMIT 10000
;
-- values of a filter
SELECT DISTINCT "{column}" FROM (SELECT * FROM "{schema}"."{table}" LIMIT 1000) AS virtual_table ORDER BY
  "{column}" ASC LIMIT 10000
;
-- rows of a query
SELECT COUNT(*) AS rowcount FROM (SELECT * FROM "{schema}"."{table}" LIMIT 50000) AS rowcount_qry
;
-- columns of a virtual dataset
SELECT * FROM (SELECT * FROM "{schema}"."{table}") AS virtual_table LIMIT 0
;
-- estimate
EXPLAIN SELECT * FROM "{schema}"."{table}"
;
