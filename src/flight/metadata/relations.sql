-- What is a table to Flight SQL: the beginning of tables.sql and columns.sql
WITH tables AS (
    SELECT
        c.oid,
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
