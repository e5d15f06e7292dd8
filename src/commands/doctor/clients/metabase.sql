-- What Metabase 0.58 sends over pgJDBC: connection tests, the sync of tables and fields, and questions.
-- Written after its sources (tests/replay/clients/written).
--! application PostgreSQL JDBC Driver
--! options -c DateStyle=ISO -c TimeZone=America/Sao_Paulo
--! text
-- digits of floats
SET extra_float_digits = 3
;
-- the name it goes by
SET application_name = 'Metabase v0.58'
;
-- is it there
SELECT 1
;
-- time zone
show timezone;
;
-- isolation
SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ UNCOMMITTED
;
-- what isolation
SHOW TRANSACTION ISOLATION LEVEL
;
-- read only
SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY
;
-- time zone of reports
SET SESSION TIMEZONE TO 'Europe/Lisbon';
;
-- time zone back
SET SESSION TIMEZONE TO DEFAULT;
;
-- no role
SET ROLE NONE
;
-- sync: privileges
with table_privileges as (
 select
   NULL as role,
   t.schemaname as schema,
   t.objectname as table,
   pg_catalog.has_any_column_privilege(current_user, '"' || replace(t.schemaname, '"', '""') || '"' || '.'
  || '"' || replace(t.objectname, '"', '""') || '"', 'update') as update,
   pg_catalog.has_any_column_privilege(current_user, '"' || replace(t.schemaname, '"', '""') || '"' || '.'
  || '"' || replace(t.objectname, '"', '""') || '"', 'select') as select,
   pg_catalog.has_any_column_privilege(current_user, '"' || replace(t.schemaname, '"', '""') || '"' || '.'
  || '"' || replace(t.objectname, '"', '""') || '"', 'insert') as insert,
   pg_catalog.has_table_privilege(current_user, '"' || replace(t.schemaname, '"', '""') || '"' || '.' || '"'
  || replace(t.objectname, '"', '""') || '"', 'delete') as delete
 from (
   select schemaname, tablename as objectname from pg_catalog.pg_tables
   union
   select schemaname, viewname as objectname from pg_views
   union
   select schemaname, matviewname as objectname from pg_matviews
 ) t
 where t.schemaname !~ '^pg_'
   and t.schemaname <> 'information_schema'
   and pg_catalog.has_schema_privilege(current_user, t.schemaname, 'usage')
)
select t.* from table_privileges t
;
-- sync: tables
--! values ["{schema}", "public"]
SELECT n.nspname AS schema, c.relname AS name, CASE c.relkind WHEN 'r' THEN 'TABLE' WHEN 'p' THEN
  'PARTITIONED TABLE' WHEN 'v' THEN 'VIEW' WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'm' THEN 'MATERIALIZED VIEW'
  ELSE NULL END AS type, d.description AS description, stat.n_live_tup AS estimated_row_count
FROM pg_catalog.pg_class AS c
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
LEFT JOIN pg_catalog.pg_description AS d ON c.oid = d.objoid AND d.objsubid = 0 AND d.classoid =
  'pg_class'::regclass
LEFT JOIN pg_stat_user_tables AS stat ON n.nspname = stat.schemaname AND c.relname = stat.relname
WHERE c.relnamespace = n.oid AND n.nspname !~ 'information_schema' AND n.nspname !~ '^pg_' AND c.relkind in
  ('r', 'p', 'v', 'f', 'm') AND n.nspname IN ($1, $2)
ORDER BY type ASC, schema ASC, name ASC
;
-- sync: fields
SELECT c.column_name AS name, CASE WHEN c.udt_schema IN ('public', 'pg_catalog') THEN FORMAT('%s',
  c.udt_name) ELSE FORMAT('"%s"."%s"', c.udt_schema, c.udt_name) END AS "database-type", c.ordinal_position
  - 1 AS "database-position", c.table_schema AS "table-schema", c.table_name AS "table-name", pk.column_name
  IS NOT NULL AS "pk?", COL_DESCRIPTION(CAST(CAST(FORMAT('%I.%I', CAST(c.table_schema AS TEXT),
  CAST(c.table_name AS TEXT)) AS REGCLASS) AS OID), c.ordinal_position) AS "field-comment", ((column_default
  IS NULL) OR (LOWER(column_default) = 'null')) AND (is_nullable = 'NO') AND NOT (((column_default IS NOT
  NULL) AND (column_default LIKE '%nextval(%')) OR (is_identity <> 'NO')) AS "database-required",
  ((column_default IS NOT NULL) AND (column_default LIKE '%nextval(%')) OR (is_identity <> 'NO') AS
  "database-is-auto-increment"
FROM information_schema.columns AS c
LEFT JOIN (SELECT tc.table_schema, tc.table_name, kc.column_name FROM information_schema.table_constraints
  AS tc INNER JOIN information_schema.key_column_usage AS kc ON (tc.constraint_name = kc.constraint_name)
  AND (tc.table_schema = kc.table_schema) AND (tc.table_name = kc.table_name) WHERE tc.constraint_type =
  'PRIMARY KEY') AS pk ON (c.table_schema = pk.table_schema) AND (c.table_name = pk.table_name) AND
  (c.column_name = pk.column_name)
WHERE c.table_schema !~ '^information_schema|catalog_history|pg_' AND (c.table_schema IN ('{schema}',
  '{schema}'))
UNION ALL
SELECT pa.attname AS name, CASE WHEN ptn.nspname IN ('public', 'pg_catalog') THEN FORMAT('%s', pt.typname)
  ELSE FORMAT('"%s"."%s"', ptn.nspname, pt.typname) END AS "database-type", pa.attnum - 1 AS
  "database-position", pn.nspname AS "table-schema", pc.relname AS "table-name", FALSE AS "pk?", NULL AS
  "field-comment", FALSE AS "database-required", FALSE AS "database-is-auto-increment"
FROM pg_catalog.pg_class AS pc
INNER JOIN pg_catalog.pg_namespace AS pn ON pn.oid = pc.relnamespace
INNER JOIN pg_catalog.pg_attribute AS pa ON pa.attrelid = pc.oid
INNER JOIN pg_catalog.pg_type AS pt ON pt.oid = pa.atttypid
INNER JOIN pg_catalog.pg_namespace AS ptn ON ptn.oid = pt.typnamespace
WHERE (pc.relkind = 'm') AND (pa.attnum >= 1) AND (pn.nspname IN ('{schema}', 'public'))
ORDER BY "table-schema" ASC, "table-name" ASC, "database-position" ASC
;
-- sync: foreign keys
SELECT fk_ns.nspname AS "fk-table-schema", fk_table.relname AS "fk-table-name", fk_column.attname AS
  "fk-column-name", pk_ns.nspname AS "pk-table-schema", pk_table.relname AS "pk-table-name",
  pk_column.attname AS "pk-column-name"
FROM pg_constraint AS c
INNER JOIN pg_class AS fk_table ON c.conrelid = fk_table.oid
INNER JOIN pg_namespace AS fk_ns ON c.connamespace = fk_ns.oid
INNER JOIN pg_attribute AS fk_column ON c.conrelid = fk_column.attrelid
INNER JOIN pg_class AS pk_table ON c.confrelid = pk_table.oid
INNER JOIN pg_namespace AS pk_ns ON pk_table.relnamespace = pk_ns.oid
INNER JOIN pg_attribute AS pk_column ON c.confrelid = pk_column.attrelid
WHERE fk_ns.nspname !~ '^information_schema|catalog_history|pg_' AND (c.contype = 'f'::char) AND
  (fk_column.attnum = ANY(c.conkey)) AND (pk_column.attnum = ANY(c.confkey)) AND (fk_ns.nspname IN
  ('{schema}', 'public'))
ORDER BY "fk-table-schema" ASC, "fk-table-name" ASC
;
-- sync: indexes
SELECT tmp.table_schema AS "table-schema", tmp.table_name AS "table-name", TRIM(BOTH '"' FROM
  pg_catalog.pg_get_indexdef(tmp.ci_oid, tmp.pos, FALSE)) AS "field-name"
FROM (SELECT n.nspname AS table_schema, ct.relname AS table_name, ci.oid AS ci_oid,
  (information_schema._pg_expandarray(i.indkey)).n AS pos
  FROM pg_catalog.pg_class ct
  INNER JOIN pg_catalog.pg_namespace n ON ct.relnamespace = n.oid
  INNER JOIN pg_catalog.pg_index i ON ct.oid = i.indrelid
  INNER JOIN pg_catalog.pg_class ci ON ci.oid = i.indexrelid
  WHERE pg_catalog.pg_get_expr(i.indpred, i.indrelid) IS NULL AND n.nspname !~ '^information_schema|pg_') AS
  tmp
WHERE tmp.pos = 1
;
-- sync: enums
SELECT nspname, typname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.oid IN (SELECT
  DISTINCT e.enumtypid FROM pg_enum e)
;
-- may it be read
SELECT TRUE AS "_" FROM "{schema}"."{table}" WHERE 1 <> 1 LIMIT 0
;
-- a table
-- Metabase:: userID: 1 queryType: MBQL queryHash: 0123
SELECT "{schema}"."{table}"."{column}" AS "{column}" FROM "{schema}"."{table}" LIMIT 2000
;
-- a count by value
-- Metabase:: userID: 1 queryType: MBQL queryHash: 0123
SELECT "source"."{column}" AS "{column}", COUNT(*) AS "count" FROM (SELECT * FROM "{schema}"."{table}" LIMIT
  1000) AS "source"
GROUP BY "source"."{column}" ORDER BY "count" DESC, "source"."{column}" ASC
;
-- a filter
--! values ["%a%"]
-- Metabase:: userID: 1 queryType: MBQL queryHash: 0123
SELECT COUNT(*) AS "count" FROM (SELECT * FROM "{schema}"."{table}" LIMIT 1000) AS "source"
WHERE (CAST("source"."{column}" AS text) LIKE $1) OR ("source"."{column}" IS NULL)
;
-- a field sampled for its fingerprint
SELECT SUBSTRING(CAST("{column}" AS text), 1, 1234) AS "substring7" FROM "{schema}"."{table}" LIMIT 10000
;
-- functions of date and time
SELECT TO_TIMESTAMP(1767225600) AS "a", TO_TIMESTAMP('20260131102030', 'YYYYMMDDHH24MISS') AS "b",
  MAKE_TIME(10, 20, 30.5) AS "c", DATE '2026-01-31' - DATE '2026-01-01' AS "d", AGE(TIMESTAMP '2026-03-01',
  TIMESTAMP '2026-01-31') AS "e", CONVERT_FROM('\x41'::bytea, 'UTF8') AS "f"
;
