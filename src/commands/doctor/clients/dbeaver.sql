-- What DBeaver 24 asks to fill its tree: databases, schemas, tables, and all of one table. Written after
-- its sources (tests/replay/clients/written).
--! application DBeaver 24.2.2 - Main
--! options -c DateStyle=ISO -c TimeZone=UTC
--! text
-- digits of floats
SET extra_float_digits = 3
;
-- search path
SHOW search_path
;
-- search path
SET search_path = "$user",public
;
-- version
SELECT version()
;
-- databases
--! values ["{database}"]
SELECT db.oid,db.* FROM pg_catalog.pg_database db WHERE datallowconn AND NOT datistemplate OR db.datname =
  $1 ORDER BY db.datname
;
-- probe: type categories
SELECT typcategory FROM pg_catalog.pg_type WHERE 1<>1 LIMIT 1
;
-- probe: enum order
SELECT enumsortorder FROM pg_catalog.pg_enum WHERE 1<>1 LIMIT 1
;
-- probe: OIDs of rows, gone since PostgreSQL 12
--! fails 42703
SELECT relhasoids FROM pg_catalog.pg_class WHERE 1<>1 LIMIT 1
;
-- current schema and user
SELECT current_schema(),session_user
;
-- keywords
SELECT string_agg(word, ',' ) from pg_catalog.pg_get_keywords() where word <> ALL (
  '{a,abs,absolute}'::text[])
;
-- types
SELECT t.oid,t.*,c.relkind,format_type(nullif(t.typbasetype, 0), t.typtypmod) as base_type_name, d.description
FROM pg_catalog.pg_type t
LEFT OUTER JOIN pg_catalog.pg_type et ON et.oid=t.typelem
LEFT OUTER JOIN pg_catalog.pg_class c ON c.oid=t.typrelid
LEFT OUTER JOIN pg_catalog.pg_description d ON t.oid=d.objoid
WHERE t.typname IS NOT NULL
AND (c.relkind IS NULL OR c.relkind = 'c') AND (et.typcategory IS NULL OR et.typcategory <> 'C')
;
-- schemas
SELECT n.oid,n.*,d.description FROM pg_catalog.pg_namespace n
LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=n.oid AND d.objsubid=0 AND
  d.classoid='pg_namespace'::regclass
 ORDER BY nspname
;
-- tables of a schema
--! values ["{schema_oid}"]
SELECT c.oid,c.*,d.description,pg_catalog.pg_get_expr(c.relpartbound, c.oid) as partition_expr,
  pg_catalog.pg_get_partkeydef(c.oid) as partition_key
FROM pg_catalog.pg_class c
LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=c.oid AND d.objsubid=0 AND
  d.classoid='pg_class'::regclass
WHERE c.relnamespace=$1 AND c.relkind not in ('i','I','c')
;
-- columns of a schema
--! values ["{schema_oid}"]
SELECT c.relname,a.*,pg_catalog.pg_get_expr(ad.adbin, ad.adrelid, true) as def_value,dsc.description,dep.objid
FROM pg_catalog.pg_attribute a
INNER JOIN pg_catalog.pg_class c ON (a.attrelid=c.oid)
LEFT OUTER JOIN pg_catalog.pg_attrdef ad ON (a.attrelid=ad.adrelid AND a.attnum = ad.adnum)
LEFT OUTER JOIN pg_catalog.pg_description dsc ON (c.oid=dsc.objoid AND a.attnum = dsc.objsubid)
LEFT OUTER JOIN pg_depend dep on dep.refobjid = a.attrelid AND dep.deptype = 'i' and dep.refobjsubid =
  a.attnum and dep.classid = dep.refclassid
WHERE NOT a.attisdropped AND c.relnamespace=$1 AND a.attnum > 0 ORDER BY c.relname, a.attnum
;
-- keys of a schema
SELECT c.oid,c.*,t.relname as tabrelname,rt.relnamespace as refnamespace,d.description,
case when c.contype='c' then "substring"(pg_get_constraintdef(c.oid), 7) else null end consrc_copy
FROM pg_catalog.pg_constraint c
INNER JOIN pg_catalog.pg_class t ON t.oid=c.conrelid
LEFT OUTER JOIN pg_catalog.pg_class rt ON rt.oid=c.confrelid
LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=c.oid AND d.objsubid=0 AND
  d.classoid='pg_constraint'::regclass
WHERE t.relnamespace={schema_oid}
ORDER BY c.oid
;
-- indexes of a schema
SELECT i.*,i.indkey as keys,c.relname,c.relnamespace,c.relam,c.reltablespace,tc.relname as
  tabrelname,dsc.description,pg_catalog.pg_get_expr(i.indpred, i.indrelid) as
  pred_expr,pg_catalog.pg_get_expr(i.indexprs, i.indrelid, true) as
  expr,pg_catalog.pg_relation_size(i.indexrelid) as
  index_rel_size,pg_catalog.pg_stat_get_numscans(i.indexrelid) as index_num_scans
FROM pg_catalog.pg_index i
INNER JOIN pg_catalog.pg_class c ON c.oid=i.indexrelid
INNER JOIN pg_catalog.pg_class tc ON tc.oid=i.indrelid
LEFT OUTER JOIN pg_catalog.pg_description dsc ON i.indexrelid=dsc.objoid
WHERE c.relnamespace={schema_oid} ORDER BY tabrelname, c.relname
;
-- columns of a table
SELECT c.relname,a.*,pg_catalog.pg_get_expr(ad.adbin, ad.adrelid, true) as def_value,dsc.description,dep.objid
FROM pg_catalog.pg_attribute a
INNER JOIN pg_catalog.pg_class c ON (a.attrelid=c.oid)
LEFT OUTER JOIN pg_catalog.pg_attrdef ad ON (a.attrelid=ad.adrelid AND a.attnum = ad.adnum)
LEFT OUTER JOIN pg_catalog.pg_description dsc ON (c.oid=dsc.objoid AND a.attnum = dsc.objsubid)
LEFT OUTER JOIN pg_depend dep on dep.refobjid = a.attrelid AND dep.deptype = 'i' and dep.refobjsubid =
  a.attnum and dep.classid = dep.refclassid
WHERE NOT a.attisdropped AND c.oid={oid} ORDER BY a.attnum
;
-- keys of a table
SELECT c.oid,c.*,t.relname as tabrelname,rt.relnamespace as refnamespace,d.description, null as consrc_copy
FROM pg_catalog.pg_constraint c
INNER JOIN pg_catalog.pg_class t ON t.oid=c.conrelid
LEFT OUTER JOIN pg_catalog.pg_class rt ON rt.oid=c.confrelid
LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=c.oid AND d.objsubid=0 AND
  d.classoid='pg_constraint'::regclass
WHERE c.conrelid={oid}
ORDER BY c.oid
;
-- parents of a table
SELECT i.*,c.relnamespace FROM pg_catalog.pg_inherits i,pg_catalog.pg_class c WHERE i.inhrelid={oid} AND
  c.oid=i.inhparent ORDER BY i.inhseqno
;
-- triggers of a table
SELECT x.oid,x.* FROM pg_catalog.pg_trigger x WHERE x.tgrelid={oid} AND NOT x.tgisinternal
;
-- rules of a table
SELECT r.oid,r.*, pg_get_ruledef(r.oid) AS definition FROM pg_catalog.pg_rewrite r WHERE r.ev_class={oid}
;
-- policies of a table
SELECT p.* FROM pg_catalog.pg_policies p WHERE p.schemaname='{schema}' AND p.tablename='{table}'
;
-- what depends on a table
SELECT DISTINCT dep.deptype, dep.classid, dep.objid, cl.relkind, attr.attname,pg_get_expr(ad.adbin,
  ad.adrelid) adefval, CASE WHEN cl.relkind IS NOT NULL THEN cl.relkind::text ||
  COALESCE(dep.objsubid::text, '') ELSE '' END AS type, COALESCE(coc.relname, clrw.relname) AS ownertable,
  CASE WHEN cl.relname IS NOT NULL OR att.attname IS NOT NULL THEN cl.relname || COALESCE('.' ||
  att.attname, '') ELSE COALESCE(cl.relname, con.conname, '') END AS refname, COALESCE(nsc.nspname,
  nso.nspname) AS nspname
FROM pg_depend dep
LEFT JOIN pg_class cl ON dep.objid=cl.oid
LEFT JOIN pg_attribute att ON dep.objid=att.attrelid AND dep.objsubid=att.attnum
LEFT JOIN pg_attribute attr ON dep.refobjid=attr.attrelid AND dep.refobjsubid=attr.attnum
LEFT JOIN pg_namespace nsc ON cl.relnamespace=nsc.oid
LEFT JOIN pg_rewrite rw ON dep.objid=rw.oid
LEFT JOIN pg_class clrw ON clrw.oid=rw.ev_class
LEFT JOIN pg_constraint con ON dep.objid=con.oid
LEFT JOIN pg_class coc ON con.conrelid=coc.oid
LEFT JOIN pg_namespace nso ON con.connamespace=nso.oid
LEFT JOIN pg_attrdef ad ON ad.oid=dep.objid
WHERE dep.refobjid={oid}
ORDER BY classid, cl.relkind
;
-- sizes of tables
SELECT c.oid,pg_catalog.pg_total_relation_size(c.oid) > 0 as total FROM pg_class c WHERE
  c.relnamespace={schema_oid} AND c.relkind = 'r'
;
-- functions
SELECT p.oid as poid,p.*,pg_catalog.pg_get_expr(p.proargdefaults, 0) as arg_defaults,d.description
FROM pg_catalog.pg_proc p
LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=p.oid AND d.objsubid = 0
WHERE p.pronamespace=11 AND p.proname LIKE 'lower%' ORDER BY p.proname
;
-- roles
SELECT a.oid,a.*,pd.description FROM pg_catalog.pg_roles a left join pg_catalog.pg_shdescription pd on a.oid
  = pd.objoid ORDER BY a.rolname
;
-- access methods
SELECT am.oid,am.* FROM pg_catalog.pg_am am ORDER BY am.oid
;
-- languages
SELECT l.oid,l.* FROM pg_catalog.pg_language l ORDER BY l.oid
;
-- tablespaces
SELECT t.oid,t.*,pg_tablespace_location(t.oid) loc FROM pg_catalog.pg_tablespace t ORDER BY t.oid
;
-- extensions
SELECT e.oid, cfg.tbls, n.nspname as schema_name, e.* FROM pg_catalog.pg_extension e join pg_namespace n on
  n.oid =e.extnamespace left join (select ARRAY_AGG(ns.nspname || '.' || cls.relname) tbls, oid_ext from
  (select unnest(e1.extconfig) oid , e1.oid oid_ext from pg_catalog.pg_extension e1) c join pg_class cls on
  cls.oid = c.oid join pg_namespace ns on ns.oid = cls.relnamespace group by oid_ext) cfg on cfg.oid_ext =
  e.oid ORDER BY e.oid
;
-- sessions
SELECT sa.* FROM pg_catalog.pg_stat_activity sa
;
-- privileges of a table
SELECT * FROM information_schema.table_privileges WHERE table_schema='{schema}' AND table_name='{table}'
;
-- browse a table
SELECT x.* FROM "{schema}"."{table}" x LIMIT 200
;
