SELECT name::text AS name, setting::text AS value FROM pg_catalog.pg_settings
UNION ALL
SELECT 'catalog', current_database()::text
UNION ALL
SELECT 'schema', current_schema()::text
ORDER BY 1
