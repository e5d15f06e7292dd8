-- What Power BI sends through Npgsql: its types, information_schema, folded queries. Written after its
-- sources (tests/replay/clients/written).
--! application Power BI
--! options -c DateStyle=ISO -c TimeZone=UTC
--! simple
-- types, composites and enums
SELECT version();
SELECT ns.nspname, t.oid, t.typname, t.typtype, t.typnotnull, t.elemtypoid
FROM (
    -- Arrays have typtype=b: this subquery finds them by their typreceive and turns it into a.
    SELECT
        typ.oid, typ.typnamespace, typ.typname, typ.typtype, typ.typrelid, typ.typnotnull, typ.relkind,
        elemtyp.oid AS elemtypoid, elemtyp.typname AS elemtypname, elemcls.relkind AS elemrelkind,
        CASE WHEN elemproc.proname='array_recv' THEN 'a' ELSE elemtyp.typtype END AS elemtyptype
    FROM (
        SELECT typ.oid, typnamespace, typname, typrelid, typnotnull, relkind, typelem AS elemoid,
            CASE WHEN proc.proname='array_recv' THEN 'a' ELSE typ.typtype END AS typtype,
            CASE
                WHEN proc.proname='array_recv' THEN typ.typelem
                WHEN typ.typtype='r' THEN rngsubtype
                WHEN typ.typtype='m' THEN (SELECT rngtypid FROM pg_range WHERE rngmultitypid = typ.oid)
                WHEN typ.typtype='d' THEN typ.typbasetype
            END AS elemtypoid
        FROM pg_type AS typ
        LEFT JOIN pg_class AS cls ON (cls.oid = typ.typrelid)
        LEFT JOIN pg_proc AS proc ON proc.oid = typ.typreceive
        LEFT JOIN pg_range ON (pg_range.rngtypid = typ.oid)
    ) AS typ
    LEFT JOIN pg_type AS elemtyp ON elemtyp.oid = elemtypoid
    LEFT JOIN pg_class AS elemcls ON (elemcls.oid = elemtyp.typrelid)
    LEFT JOIN pg_proc AS elemproc ON elemproc.oid = elemtyp.typreceive
) AS t
JOIN pg_namespace AS ns ON (ns.oid = typnamespace)
WHERE
    typtype IN ('b', 'r', 'm', 'e', 'd') OR -- base, range, multirange, enum, domain
    (typtype = 'c' AND relkind='c') OR -- free-standing composites
    (typtype = 'p' AND typname IN ('record', 'void', 'unknown')) OR
    (typtype = 'a' AND (
        elemtyptype IN ('b', 'r', 'm', 'e', 'd') OR
        (elemtyptype = 'p' AND elemtypname IN ('record', 'void')) OR
        (elemtyptype = 'c' AND elemrelkind='c')
    ))
ORDER BY CASE
    WHEN typtype IN ('b', 'e', 'p') THEN 0
    WHEN typtype = 'c' THEN 1
    WHEN typtype = 'r' THEN 2
    WHEN typtype = 'm' THEN 3
    WHEN typtype = 'd' AND elemtyptype <> 'a' THEN 4
    WHEN typtype = 'a' THEN 5
    WHEN typtype = 'd' AND elemtyptype = 'a' THEN 6
END;
-- The fields of free-standing composites.
SELECT typ.oid, att.attname, att.atttypid
FROM pg_type AS typ
JOIN pg_namespace AS ns ON (ns.oid = typ.typnamespace)
JOIN pg_class AS cls ON (cls.oid = typ.typrelid)
JOIN pg_attribute AS att ON (att.attrelid = typ.typrelid)
WHERE (typ.typtype = 'c' AND cls.relkind='c') AND attnum > 0 AND NOT attisdropped
ORDER BY typ.oid, att.attnum;
-- The labels of enums.
SELECT pg_type.oid, enumlabel
FROM pg_enum
JOIN pg_type ON pg_type.oid=enumtypid
ORDER BY oid, enumsortorder;
;
--! binary
-- character sets
select character_set_name from INFORMATION_SCHEMA.character_sets
;
-- tables and views
select TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE
from INFORMATION_SCHEMA.tables
where TABLE_SCHEMA not in ('information_schema', 'pg_catalog')
order by TABLE_SCHEMA, TABLE_NAME
;
-- columns of a table
select COLUMN_NAME, ORDINAL_POSITION, IS_NULLABLE, case when (data_type like '%unsigned%') then DATA_TYPE ||
  ' unsigned' else DATA_TYPE end as DATA_TYPE
from INFORMATION_SCHEMA.columns
where TABLE_SCHEMA = '{schema}' and TABLE_NAME = '{table}'
order by TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION
;
-- relationships
select pkcol.COLUMN_NAME as PK_COLUMN_NAME, fkcol.TABLE_SCHEMA AS FK_TABLE_SCHEMA, fkcol.TABLE_NAME AS
  FK_TABLE_NAME, fkcol.COLUMN_NAME as FK_COLUMN_NAME, fkcol.ORDINAL_POSITION as ORDINAL,
  fkcon.CONSTRAINT_SCHEMA || '_' || fkcol.TABLE_NAME || '_' || '{table}' || '_' || fkcon.CONSTRAINT_NAME as
  FK_NAME
from (select distinct constraint_catalog, constraint_schema, unique_constraint_schema, constraint_name,
  unique_constraint_name from INFORMATION_SCHEMA.REFERENTIAL_CONSTRAINTS) fkcon
inner join INFORMATION_SCHEMA.KEY_COLUMN_USAGE fkcol on fkcon.CONSTRAINT_SCHEMA = fkcol.CONSTRAINT_SCHEMA
  and fkcon.CONSTRAINT_NAME = fkcol.CONSTRAINT_NAME
inner join INFORMATION_SCHEMA.KEY_COLUMN_USAGE pkcol on fkcon.UNIQUE_CONSTRAINT_SCHEMA =
  pkcol.CONSTRAINT_SCHEMA and fkcon.UNIQUE_CONSTRAINT_NAME = pkcol.CONSTRAINT_NAME
where pkcol.TABLE_SCHEMA = '{schema}' and pkcol.TABLE_NAME = '{table}' and pkcol.ORDINAL_POSITION =
  fkcol.ORDINAL_POSITION
order by FK_NAME, fkcol.ORDINAL_POSITION
;
-- keys of a table
select i.CONSTRAINT_SCHEMA || '_' || i.CONSTRAINT_NAME as INDEX_NAME, ii.COLUMN_NAME, ii.ORDINAL_POSITION,
  case when i.CONSTRAINT_TYPE = 'PRIMARY KEY' then 'Y' else 'N' end as PRIMARY_KEY
from INFORMATION_SCHEMA.table_constraints i
inner join INFORMATION_SCHEMA.key_column_usage ii on i.CONSTRAINT_SCHEMA = ii.CONSTRAINT_SCHEMA and
  i.CONSTRAINT_NAME = ii.CONSTRAINT_NAME and i.TABLE_SCHEMA = ii.TABLE_SCHEMA and i.TABLE_NAME =
  ii.TABLE_NAME
where i.TABLE_SCHEMA = '{schema}' and i.TABLE_NAME = '{table}' and i.CONSTRAINT_TYPE in ('PRIMARY KEY',
  'UNIQUE')
order by i.CONSTRAINT_SCHEMA || '_' || i.CONSTRAINT_NAME, ii.TABLE_SCHEMA, ii.TABLE_NAME, ii.ORDINAL_POSITION
;
-- a preview
select "$Table".* from "{schema}"."{table}" "$Table" limit 200
;
-- a folded query
select "_"."{column}" from (select "{column}" from "{schema}"."{table}" "$Table" limit 1000) "_"
where "_"."{column}" is not null order by "_"."{column}" limit 1001
;
-- a folded group
select count(1) as "a0", "rows"."{column}" as "{column}" from (select "{column}" from "{schema}"."{table}"
  "$Table" limit 1000) "rows"
group by "{column}" order by "{column}"
;
-- a value of every type
SELECT 1::int2, 2::int8, 1.5::float4, 2.5::float8, 12.50::numeric, 'x'::varchar, true, '2026-01-31'::date,
  '10:20'::time, '2026-01-31 10:20'::timestamptz, '1 day'::interval, '{1,2}'::int4[], '\x00ff'::bytea,
  '00000000-0000-0000-0000-000000000001'::uuid, '{"a": 1}'::jsonb
;
-- user
SELECT SESSION_USER
;
-- databases
SELECT d.datname AS database_name, u.usename AS owner, pg_catalog.pg_encoding_to_char(d.encoding) AS
  encoding FROM pg_catalog.pg_database d JOIN pg_user u ON d.datdba = u.usesysid ORDER BY 1
;
-- schemas
SELECT catalog_name, schema_name, schema_owner FROM information_schema.schemata WHERE schema_name NOT LIKE
  'pg\_%' ORDER BY 2
;
-- tables by name
--! values ["{table}"]
SELECT table_catalog, table_schema, table_name, table_type FROM information_schema.tables WHERE table_type
  IN ('BASE TABLE', 'FOREIGN', 'FOREIGN TABLE') AND table_schema NOT IN ('pg_catalog', 'information_schema')
  AND table_name = $1 ORDER BY 2, 3
;
-- columns of a schema
SELECT table_catalog, table_schema, table_name, column_name, ordinal_position, column_default,
  udt_name::regtype::text AS data_type, is_nullable, character_maximum_length, character_octet_length,
  numeric_precision, numeric_precision_radix, numeric_scale, datetime_precision, character_set_catalog,
  character_set_schema, character_set_name, collation_catalog, udt_schema, udt_name FROM
  information_schema.columns WHERE table_schema = '{schema}' ORDER BY table_name, ordinal_position
;
-- views
SELECT table_catalog, table_schema, table_name, check_option, is_updatable FROM information_schema.views
  WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 2, 3
;
-- users
SELECT r.rolname AS user_name, r.oid AS user_sysid FROM pg_catalog.pg_roles r WHERE r.rolname NOT LIKE 'pg\_%'
;
-- indexes
SELECT current_database() AS table_catalog, n.nspname AS table_schema, t.relname AS table_name, i.relname AS
  index_name, '' AS type_desc FROM pg_catalog.pg_class i JOIN pg_catalog.pg_index ix ON ix.indexrelid =
  i.oid JOIN pg_catalog.pg_class t ON ix.indrelid = t.oid LEFT JOIN pg_catalog.pg_user u ON u.usesysid =
  i.relowner LEFT JOIN pg_catalog.pg_namespace n ON n.oid = i.relnamespace WHERE i.relkind = 'i' AND
  n.nspname NOT IN ('pg_catalog', 'pg_toast') AND t.relkind = 'r' ORDER BY 2, 3, 4
;
-- constraints
SELECT pgn.nspname AS constraint_schema, conname AS constraint_name, cl.relname AS table_name, contype::text
  AS constraint_type FROM pg_constraint c JOIN pg_namespace pgn ON c.connamespace = pgn.oid JOIN pg_class cl
  ON c.conrelid = cl.oid WHERE pgn.nspname = '{schema}' ORDER BY 1, 3, 2
;
-- types by name
SELECT typ.oid, typ.typname, format_type(typ.oid, NULL) AS data_type FROM pg_type typ WHERE typ.typname IN
  ('int4', 'numeric', 'timestamptz', '_text') ORDER BY 1
;
-- columns of a result
SELECT typ.oid AS typoid, nspname, relname, attname, attrelid, attnum, attnotnull, attidentity != '' AS
  isidentity,
CASE WHEN typ.typtype = 'd' THEN typ.typtypmod ELSE atttypmod END AS typmod,
CASE WHEN atthasdef THEN (SELECT pg_get_expr(adbin, cls.oid) FROM pg_attrdef WHERE adrelid = cls.oid AND
  adnum = attr.attnum) ELSE NULL END AS default,
CASE WHEN col.is_updatable = 'YES' THEN true ELSE false END AS is_updatable,
EXISTS (SELECT * FROM pg_index WHERE pg_index.indrelid = cls.oid AND pg_index.indisprimary AND attnum = ANY
  (indkey)) AS isprimarykey,
EXISTS (SELECT * FROM pg_index WHERE pg_index.indrelid = cls.oid AND pg_index.indisunique AND
  pg_index.indnkeyatts = 1 AND attnum = pg_index.indkey[0]) AS isunique
FROM pg_attribute AS attr
JOIN pg_type AS typ ON attr.atttypid = typ.oid
JOIN pg_class AS cls ON cls.oid = attr.attrelid
JOIN pg_namespace AS ns ON ns.oid = cls.relnamespace
LEFT OUTER JOIN information_schema.columns AS col ON col.table_schema = nspname AND col.table_name = relname
  AND col.column_name = attname
WHERE atttypid <> 0 AND relkind IN ('r', 'v', 'm') AND NOT attisdropped AND nspname NOT IN ('pg_catalog',
  'information_schema') AND attnum > 0 AND ((attr.attrelid={oid} AND attr.attnum=1) OR (attr.attrelid={oid}
  AND attr.attnum=2))
ORDER BY attnum
;
-- is there such a table
SELECT 1 FROM pg_class WHERE relkind = ANY (ARRAY['r'::"char", 'v'::"char"]) AND relname = '{table}'
;
-- begin
BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED
;
-- end
ROLLBACK
;
--! simple
-- back to the pool
SET SESSION AUTHORIZATION DEFAULT;RESET ALL;CLOSE ALL;UNLISTEN *;SELECT pg_advisory_unlock_all();DISCARD
  SEQUENCES;DISCARD TEMP
;
