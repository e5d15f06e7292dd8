-- The tables of tables.sql with their columns, one row per column: $1 catalog, $2 pattern of schemas,
-- $3 pattern of tables, $4 types between commas
SELECT
    t.catalog_name,
    t.db_schema_name,
    t.table_name,
    t.table_type,
    a.attname::text AS column_name,
    format_type(a.atttypid, a.atttypmod)::text AS type_name,
    a.attnotnull AS is_required,
    col_description(t.oid, a.attnum::int)::text AS remarks
FROM tables AS t
LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE
    ($1::text IS NULL OR t.catalog_name = $1)
    AND ($2::text IS NULL OR t.db_schema_name LIKE $2)
    AND ($3::text IS NULL OR t.table_name LIKE $3)
    AND ($4::text IS NULL OR strpos($4, ',' || t.table_type || ',') > 0)
ORDER BY 1, 2, 3, 4, a.attnum
