-- $1 catalog, $2 pattern of schemas, $3 pattern of tables, $4 types between commas
SELECT catalog_name, db_schema_name, table_name, table_type
FROM tables
WHERE
    ($1::text IS NULL OR catalog_name = $1)
    AND ($2::text IS NULL OR db_schema_name LIKE $2)
    AND ($3::text IS NULL OR table_name LIKE $3)
    AND ($4::text IS NULL OR strpos($4, ',' || table_type || ',') > 0)
ORDER BY 1, 2, 3, 4
