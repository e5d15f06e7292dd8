-- $1 catalog, $2 pattern of schemas
SELECT catalog_name, schema_name
FROM information_schema.schemata
WHERE ($1::text IS NULL OR catalog_name = $1) AND ($2::text IS NULL OR schema_name LIKE $2)
ORDER BY 1, 2
