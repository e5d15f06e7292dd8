--! start {"client_encoding": "UTF8", "DateStyle": "ISO", "TimeZone": "America/Sao_Paulo", "application_name": "PostgreSQL JDBC Driver"}
SET extra_float_digits = 3
;
SET application_name = 'Metabase v0.58'
;
SELECT 1
;

;
show timezone;
;
SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ UNCOMMITTED
;
SHOW TRANSACTION ISOLATION LEVEL
;
SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY
;
SET SESSION TIMEZONE TO 'Europe/Lisbon';
;
SELECT "shop"."customers"."created_at" AS "created_at" FROM "shop"."customers" ORDER BY "shop"."customers"."id" ASC LIMIT 3
;
SET SESSION TIMEZONE TO DEFAULT;
;
SET ROLE NONE
;
SET ROLE "nobody"
--! fails 22023
;
with table_privileges as (
 select
   NULL as role,
   t.schemaname as schema,
   t.objectname as table,
   pg_catalog.has_any_column_privilege(current_user, '"' || replace(t.schemaname, '"', '""') || '"' || '.' || '"' || replace(t.objectname, '"', '""') || '"', 'update') as update,
   pg_catalog.has_any_column_privilege(current_user, '"' || replace(t.schemaname, '"', '""') || '"' || '.' || '"' || replace(t.objectname, '"', '""') || '"', 'select') as select,
   pg_catalog.has_any_column_privilege(current_user, '"' || replace(t.schemaname, '"', '""') || '"' || '.' || '"' || replace(t.objectname, '"', '""') || '"', 'insert') as insert,
   pg_catalog.has_table_privilege(current_user, '"' || replace(t.schemaname, '"', '""') || '"' || '.' || '"' || replace(t.objectname, '"', '""') || '"', 'delete') as delete
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
SELECT n.nspname AS schema, c.relname AS name, CASE c.relkind WHEN 'r' THEN 'TABLE' WHEN 'p' THEN 'PARTITIONED TABLE' WHEN 'v' THEN 'VIEW' WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE NULL END AS type, d.description AS description, stat.n_live_tup AS estimated_row_count
FROM pg_catalog.pg_class AS c
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
LEFT JOIN pg_catalog.pg_description AS d ON c.oid = d.objoid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass
LEFT JOIN pg_stat_user_tables AS stat ON n.nspname = stat.schemaname AND c.relname = stat.relname
WHERE c.relnamespace = n.oid AND n.nspname !~ 'information_schema' AND n.nspname !~ '^pg_' AND c.relkind in ('r', 'p', 'v', 'f', 'm') AND n.nspname IN ($1, $2)
ORDER BY type ASC, schema ASC, name ASC
--! values ["shop", "gold"]
;
SELECT c.column_name AS name, CASE WHEN c.udt_schema IN ('public', 'pg_catalog') THEN FORMAT('%s', c.udt_name) ELSE FORMAT('"%s"."%s"', c.udt_schema, c.udt_name) END AS "database-type", c.ordinal_position - 1 AS "database-position", c.table_schema AS "table-schema", c.table_name AS "table-name", pk.column_name IS NOT NULL AS "pk?", COL_DESCRIPTION(CAST(CAST(FORMAT('%I.%I', CAST(c.table_schema AS TEXT), CAST(c.table_name AS TEXT)) AS REGCLASS) AS OID), c.ordinal_position) AS "field-comment", ((column_default IS NULL) OR (LOWER(column_default) = 'null')) AND (is_nullable = 'NO') AND NOT (((column_default IS NOT NULL) AND (column_default LIKE '%nextval(%')) OR (is_identity <> 'NO')) AS "database-required", ((column_default IS NOT NULL) AND (column_default LIKE '%nextval(%')) OR (is_identity <> 'NO') AS "database-is-auto-increment"
FROM information_schema.columns AS c
LEFT JOIN (SELECT tc.table_schema, tc.table_name, kc.column_name FROM information_schema.table_constraints AS tc INNER JOIN information_schema.key_column_usage AS kc ON (tc.constraint_name = kc.constraint_name) AND (tc.table_schema = kc.table_schema) AND (tc.table_name = kc.table_name) WHERE tc.constraint_type = 'PRIMARY KEY') AS pk ON (c.table_schema = pk.table_schema) AND (c.table_name = pk.table_name) AND (c.column_name = pk.column_name)
WHERE c.table_schema !~ '^information_schema|catalog_history|pg_' AND (c.table_schema IN ('shop', 'gold'))
UNION ALL
SELECT pa.attname AS name, CASE WHEN ptn.nspname IN ('public', 'pg_catalog') THEN FORMAT('%s', pt.typname) ELSE FORMAT('"%s"."%s"', ptn.nspname, pt.typname) END AS "database-type", pa.attnum - 1 AS "database-position", pn.nspname AS "table-schema", pc.relname AS "table-name", FALSE AS "pk?", NULL AS "field-comment", FALSE AS "database-required", FALSE AS "database-is-auto-increment"
FROM pg_catalog.pg_class AS pc
INNER JOIN pg_catalog.pg_namespace AS pn ON pn.oid = pc.relnamespace
INNER JOIN pg_catalog.pg_attribute AS pa ON pa.attrelid = pc.oid
INNER JOIN pg_catalog.pg_type AS pt ON pt.oid = pa.atttypid
INNER JOIN pg_catalog.pg_namespace AS ptn ON ptn.oid = pt.typnamespace
WHERE (pc.relkind = 'm') AND (pa.attnum >= 1) AND (pn.nspname IN ('shop', 'gold'))
ORDER BY "table-schema" ASC, "table-name" ASC, "database-position" ASC
;
SELECT fk_ns.nspname AS "fk-table-schema", fk_table.relname AS "fk-table-name", fk_column.attname AS "fk-column-name", pk_ns.nspname AS "pk-table-schema", pk_table.relname AS "pk-table-name", pk_column.attname AS "pk-column-name"
FROM pg_constraint AS c
INNER JOIN pg_class AS fk_table ON c.conrelid = fk_table.oid
INNER JOIN pg_namespace AS fk_ns ON c.connamespace = fk_ns.oid
INNER JOIN pg_attribute AS fk_column ON c.conrelid = fk_column.attrelid
INNER JOIN pg_class AS pk_table ON c.confrelid = pk_table.oid
INNER JOIN pg_namespace AS pk_ns ON pk_table.relnamespace = pk_ns.oid
INNER JOIN pg_attribute AS pk_column ON c.confrelid = pk_column.attrelid
WHERE fk_ns.nspname !~ '^information_schema|catalog_history|pg_' AND (c.contype = 'f'::char) AND (fk_column.attnum = ANY(c.conkey)) AND (pk_column.attnum = ANY(c.confkey)) AND (fk_ns.nspname IN ('shop', 'gold'))
ORDER BY "fk-table-schema" ASC, "fk-table-name" ASC
;
SELECT tmp.table_schema AS "table-schema", tmp.table_name AS "table-name", TRIM(BOTH '"' FROM pg_catalog.pg_get_indexdef(tmp.ci_oid, tmp.pos, FALSE)) AS "field-name"
FROM (SELECT n.nspname AS table_schema, ct.relname AS table_name, ci.oid AS ci_oid, (information_schema._pg_expandarray(i.indkey)).n AS pos
  FROM pg_catalog.pg_class ct
  INNER JOIN pg_catalog.pg_namespace n ON ct.relnamespace = n.oid
  INNER JOIN pg_catalog.pg_index i ON ct.oid = i.indrelid
  INNER JOIN pg_catalog.pg_class ci ON ci.oid = i.indexrelid
  WHERE pg_catalog.pg_get_expr(i.indpred, i.indrelid) IS NULL AND n.nspname !~ '^information_schema|pg_') AS tmp
WHERE tmp.pos = 1
;
SELECT nspname, typname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.oid IN (SELECT DISTINCT e.enumtypid FROM pg_enum e)
;
SELECT TRUE AS "_" FROM "shop"."orders" WHERE 1 <> 1 LIMIT 0
;
SELECT "shop"."products"."id" AS "id", SUBSTRING("shop"."products"."title", 1, 1234) AS "substring7", "shop"."products"."price" AS "price", "shop"."products"."attributes" AS "attributes", "shop"."products"."sizes" AS "sizes" FROM "shop"."products" LIMIT 10000
;
SELECT "shop"."orders"."status" AS "status" FROM "shop"."orders" GROUP BY "shop"."orders"."status" ORDER BY "shop"."orders"."status" ASC LIMIT 1000
;
-- Metabase:: userID: 1 queryType: MBQL queryHash: 0123
SELECT DATE_TRUNC('month', CAST("shop"."orders"."ordered_at" AS timestamp)) AS "ordered_at", COUNT(*) AS "count", SUM("shop"."orders"."total") AS "sum" FROM "shop"."orders" GROUP BY DATE_TRUNC('month', CAST("shop"."orders"."ordered_at" AS timestamp)) ORDER BY DATE_TRUNC('month', CAST("shop"."orders"."ordered_at" AS timestamp)) ASC
;
SELECT CAST(DATE_TRUNC('week', CAST("shop"."orders"."ordered_at" AS timestamp)) AS date) AS "week", CAST("shop"."orders"."ordered_at" AS date) AS "day", COUNT(*) AS "count" FROM "shop"."orders" GROUP BY CAST(DATE_TRUNC('week', CAST("shop"."orders"."ordered_at" AS timestamp)) AS date), CAST("shop"."orders"."ordered_at" AS date) ORDER BY 1, 2
;
SELECT (CAST(DATE_TRUNC('week', CAST(("shop"."orders"."ordered_at" + INTERVAL '1 day') AS timestamp)) AS timestamp) + INTERVAL '-1 day') AS "week", COUNT(*) AS "count" FROM "shop"."orders" GROUP BY (CAST(DATE_TRUNC('week', CAST(("shop"."orders"."ordered_at" + INTERVAL '1 day') AS timestamp)) AS timestamp) + INTERVAL '-1 day') ORDER BY 1 ASC
;
SELECT CAST(EXTRACT(doy FROM "shop"."orders"."ordered_at") AS integer) AS "a", CAST(EXTRACT(dow FROM "shop"."orders"."ordered_at") AS integer) AS "b", CAST(EXTRACT(week FROM "shop"."orders"."ordered_at") AS integer) AS "c", CAST(EXTRACT(quarter FROM "shop"."orders"."ordered_at") AS integer) AS "d", CAST(EXTRACT(epoch FROM "shop"."orders"."ordered_at") AS integer) AS "e", EXTRACT(hour FROM "shop"."orders"."ordered_at") AS "f" FROM "shop"."orders" ORDER BY "shop"."orders"."id"
;
SELECT "source"."status" AS "status", COUNT(*) AS "count" FROM (SELECT "shop"."orders".* FROM "shop"."orders" WHERE "shop"."orders"."ordered_at" >= DATE_TRUNC('month', NOW() + INTERVAL '-30 day')) AS "source" GROUP BY "source"."status" ORDER BY "source"."status" ASC LIMIT 2000
;
SELECT "Customers"."name" AS "Customers__name", "shop"."orders"."total" AS "total" FROM "shop"."orders" LEFT JOIN "shop"."customers" AS "Customers" ON "shop"."orders"."customer_id" = "Customers"."id" WHERE (LOWER("Customers"."name") LIKE $1) AND ("shop"."orders"."status" <> $2 OR "shop"."orders"."status" IS NULL) ORDER BY "shop"."orders"."id" ASC LIMIT 2000
--! values ["%a%", "new"]
;
SELECT CASE WHEN "shop"."orders"."total" > 110 THEN $1 ELSE $2 END AS "size", COUNT(*) AS "count" FROM "shop"."orders" GROUP BY CASE WHEN "shop"."orders"."total" > 110 THEN $3 ELSE $4 END ORDER BY 1
--! values ["large", "small", "large", "small"]
--! fails 42803
;
SELECT CASE WHEN "shop"."orders"."total" > 110 THEN $1 ELSE $2 END AS "size" FROM "shop"."orders" ORDER BY "shop"."orders"."id"
--! values ["large", "small"]
;
SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY "shop"."orders"."total") AS "median", STDDEV_POP("shop"."order_lines"."quantity") AS "sd", COUNT(DISTINCT "shop"."orders"."customer_id") AS "n" FROM "shop"."orders" JOIN "shop"."order_lines" ON "shop"."order_lines"."order_id" = "shop"."orders"."id"
;
SELECT FLOOR(("shop"."orders"."total" - 100) / 10.0) * 10.0 + 100 AS "bin", COUNT(*) AS "count" FROM "shop"."orders" GROUP BY FLOOR(("shop"."orders"."total" - 100) / 10.0) * 10.0 + 100 ORDER BY 1
;
SELECT ("shop"."products"."attributes" #>> array['color']::text[])::text AS "color", ("shop"."products"."attributes" #>> array['grams']::text[])::bigint AS "grams" FROM "shop"."products" ORDER BY "shop"."products"."id"
;
SELECT TIMEZONE('America/Sao_Paulo', "shop"."customers"."created_at") AS "a", TIMEZONE('UTC', TIMEZONE('America/Sao_Paulo', "shop"."customers"."updated_at")) AS "b" FROM "shop"."customers" ORDER BY "shop"."customers"."id"
;
SELECT SUM(COUNT(*)) OVER (ORDER BY "shop"."orders"."status" ASC ROWS UNBOUNDED PRECEDING) AS "sum", LAG(COUNT(*), 1) OVER (ORDER BY "shop"."orders"."status" ASC) AS "lag" FROM "shop"."orders" GROUP BY "shop"."orders"."status" ORDER BY "shop"."orders"."status" ASC
;
SELECT SUBSTRING("shop"."customers"."email" FROM '@([^.]+)') AS "host", SPLIT_PART("shop"."customers"."name", ' ', 1) AS "first", REGEXP_REPLACE("shop"."customers"."name", '[aeiou]', '_', 'g') AS "r", CONCAT("shop"."customers"."name", ' ', "shop"."customers"."country") AS "c" FROM "shop"."customers" ORDER BY "shop"."customers"."id"
;
SELECT TO_TIMESTAMP(1767225600) AS "a", TO_TIMESTAMP('20260131102030', 'YYYYMMDDHH24MISS') AS "b", MAKE_TIME(10, 20, 30.5) AS "c", DATE '2026-01-31' - DATE '2026-01-01' AS "d", AGE(TIMESTAMP '2026-03-01', TIMESTAMP '2026-01-31') AS "e", CONVERT_FROM('\x41'::bytea, 'UTF8') AS "f"
;
SELECT CAST("shop"."orders"."id" AS text) AS "a", CAST("shop"."orders"."total" AS DOUBLE PRECISION) AS "b", CAST("shop"."orders"."total" AS integer) AS "c", TRUNC("shop"."orders"."total", 1) AS "d", ROUND("shop"."orders"."total", 0) AS "e", CEIL("shop"."orders"."total") AS "f", ABS(-1.5) AS "g", POWER(2, 3) AS "h" FROM "shop"."orders" ORDER BY "shop"."orders"."id"
;
SELECT COALESCE("shop"."orders"."note", '') AS "note", "shop"."orders"."total" / NULLIF(0, 0) AS "z", CAST("shop"."orders"."total" AS float) / NULLIF(CAST(3 AS float), 0.0) AS "q" FROM "shop"."orders" ORDER BY "shop"."orders"."id" LIMIT 5 OFFSET 5
;
SELECT * FROM "shop"."nothing" LIMIT 1
--! fails 42P01
;
SELECT "shop"."orders"."nothing" FROM "shop"."orders"
--! fails 42703
;
