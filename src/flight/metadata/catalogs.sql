SELECT datname AS catalog_name FROM pg_catalog.pg_database ORDER BY 1
