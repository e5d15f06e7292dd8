-- $1, $2, $3 catalog, schema and table of the primary key; $4, $5, $6 those of the foreign key
WITH keys AS (
    SELECT
        o.conname, o.conrelid, o.confrelid, o.confkey, o.confupdtype, o.confdeltype,
        k.place, o.conkey[k.place] AS fk_attnum, o.confkey[k.place] AS pk_attnum
    FROM pg_catalog.pg_constraint AS o
    INNER JOIN generate_series(1, 32) AS k (place) ON o.conkey[k.place] IS NOT NULL
    WHERE o.contype = 'f'
)
SELECT
    current_database()::text AS pk_catalog_name,
    pn.nspname::text AS pk_db_schema_name,
    pc.relname::text AS pk_table_name,
    pa.attname::text AS pk_column_name,
    current_database()::text AS fk_catalog_name,
    fn.nspname::text AS fk_db_schema_name,
    fc.relname::text AS fk_table_name,
    fa.attname::text AS fk_column_name,
    k.place::int AS key_sequence,
    k.conname::text AS fk_key_name,
    p.conname::text AS pk_key_name,
    CASE k.confupdtype WHEN 'c' THEN 0 WHEN 'r' THEN 1 WHEN 'n' THEN 2 WHEN 'd' THEN 4 ELSE 3 END AS update_rule,
    CASE k.confdeltype WHEN 'c' THEN 0 WHEN 'r' THEN 1 WHEN 'n' THEN 2 WHEN 'd' THEN 4 ELSE 3 END AS delete_rule
FROM keys AS k
INNER JOIN pg_catalog.pg_class AS fc ON fc.oid = k.conrelid
INNER JOIN pg_catalog.pg_namespace AS fn ON fn.oid = fc.relnamespace
INNER JOIN pg_catalog.pg_class AS pc ON pc.oid = k.confrelid
INNER JOIN pg_catalog.pg_namespace AS pn ON pn.oid = pc.relnamespace
INNER JOIN pg_catalog.pg_attribute AS fa ON fa.attrelid = k.conrelid AND fa.attnum = k.fk_attnum
INNER JOIN pg_catalog.pg_attribute AS pa ON pa.attrelid = k.confrelid AND pa.attnum = k.pk_attnum
LEFT JOIN pg_catalog.pg_constraint AS p
    ON
        p.conrelid = k.confrelid AND p.contype = 'p'
        -- a foreign key may name the columns of the primary key in another order
        AND p.conkey @> k.confkey AND p.conkey <@ k.confkey
WHERE
    ($1::text IS NULL OR current_database()::text = $1)
    AND ($2::text IS NULL OR pn.nspname::text = $2)
    AND ($3::text IS NULL OR pc.relname::text = $3)
    AND ($4::text IS NULL OR current_database()::text = $4)
    AND ($5::text IS NULL OR fn.nspname::text = $5)
    AND ($6::text IS NULL OR fc.relname::text = $6)
ORDER BY 1, 2, 3, 5, 6, 7, 10, 9
