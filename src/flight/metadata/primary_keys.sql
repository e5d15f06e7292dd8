-- $1 catalog, $2 schema, $3 table
WITH keys AS (
    SELECT o.conname, o.conrelid, k.place, o.conkey[k.place] AS attnum
    FROM pg_catalog.pg_constraint AS o
    INNER JOIN generate_series(1, 32) AS k (place) ON o.conkey[k.place] IS NOT NULL
    WHERE o.contype = 'p'
)
SELECT
    current_database()::text AS catalog_name,
    n.nspname::text AS db_schema_name,
    c.relname::text AS table_name,
    a.attname::text AS column_name,
    k.conname::text AS key_name,
    k.place::int AS key_sequence
FROM keys AS k
INNER JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
INNER JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
INNER JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = k.attnum
WHERE
    ($1::text IS NULL OR current_database()::text = $1)
    AND ($2::text IS NULL OR n.nspname::text = $2)
    AND c.relname::text = $3::text
ORDER BY 1, 2, 3, 5, 6
