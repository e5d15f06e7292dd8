-- $1 catalog, $2 pattern of schemas, $3 pattern of tables, $4 types between commas
WITH tables AS (
    SELECT
        current_database()::text AS catalog_name,
        n.nspname::text AS db_schema_name,
        c.relname::text AS table_name,
        CASE
            WHEN n.nspname IN ('pg_catalog', 'information_schema', 'pg_toast') AND c.relkind = 'v' THEN 'SYSTEM VIEW'
            WHEN n.nspname IN ('pg_catalog', 'information_schema', 'pg_toast') THEN 'SYSTEM TABLE'
            WHEN c.relkind IN ('v', 'm') THEN 'VIEW'
            WHEN c.relpersistence = 't' THEN 'LOCAL TEMPORARY'
            ELSE 'TABLE'
        END AS table_type
    FROM pg_catalog.pg_class AS c
    INNER JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p')
)
SELECT catalog_name, db_schema_name, table_name, table_type
FROM tables
WHERE
    ($1::text IS NULL OR catalog_name = $1)
    AND ($2::text IS NULL OR db_schema_name LIKE $2)
    AND ($3::text IS NULL OR table_name LIKE $3)
    AND ($4::text IS NULL OR strpos($4, ',' || table_type || ',') > 0)
ORDER BY 1, 2, 3, 4
