-- What Grafana sends: its health check, the query builder, panels. Written after its sources
-- (tests/replay/clients/written).
--! application Grafana
--! simple
-- ping
-- ping
;
-- version
SELECT current_setting('server_version_num')::int/100 as version
;
-- TimescaleDB
SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'
;
-- tables of the search path
SELECT quote_ident(table_name) as "table" FROM information_schema.tables WHERE quote_ident(table_schema) NOT
  IN ('information_schema', 'pg_catalog', '_timescaledb_cache', '_timescaledb_catalog',
  '_timescaledb_internal', '_timescaledb_config', 'timescaledb_information', 'timescaledb_experimental')
  ORDER BY CASE WHEN quote_ident(table_schema) IN (SELECT CASE WHEN trim(s[i]) = '"$user"' THEN user ELSE
  trim(s[i]) END FROM generate_series(array_lower(string_to_array(current_setting('search_path'),','),1),
  array_upper(string_to_array(current_setting('search_path'),','),1)) as i,
  string_to_array(current_setting('search_path'),',') s) THEN 0 ELSE 1 END, 1
;
-- tables of all schemas
SELECT CASE WHEN quote_ident(table_schema) IN (SELECT CASE WHEN trim(s[i]) = '"$user"' THEN user ELSE
  trim(s[i]) END FROM generate_series(array_lower(string_to_array(current_setting('search_path'),','),1),
  array_upper(string_to_array(current_setting('search_path'),','),1)) as i,
  string_to_array(current_setting('search_path'),',') s) THEN quote_ident(table_name) ELSE
  quote_ident(table_schema) || '.' || quote_ident(table_name) END AS "table" FROM information_schema.tables
  WHERE quote_ident(table_schema) NOT IN ('information_schema', 'pg_catalog') ORDER BY 1
;
-- columns of a table
SELECT quote_ident(column_name) AS "column", data_type AS "type" FROM information_schema.columns WHERE CASE
  WHEN array_length(parse_ident('{schema}.{table}'),1) = 2 THEN quote_ident(table_schema) =
  (parse_ident('{schema}.{table}'))[1] AND quote_ident(table_name) = (parse_ident('{schema}.{table}'))[2]
  ELSE quote_ident(table_name) = '{schema}.{table}' AND quote_ident(table_schema) IN (SELECT CASE WHEN
  trim(s[i]) = '"$user"' THEN user ELSE trim(s[i]) END FROM
  generate_series(array_lower(string_to_array(current_setting('search_path'),','),1),
  array_upper(string_to_array(current_setting('search_path'),','),1)) as i,
  string_to_array(current_setting('search_path'),',') s) END
;
-- schemas
SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT LIKE 'pg\_%' ORDER BY 1
;
-- columns with their types
SELECT column_name, data_type, udt_name, numeric_precision, numeric_scale FROM information_schema.columns
  WHERE table_schema = '{schema}' AND table_name = '{table}' ORDER BY ordinal_position
;
-- a table panel
SELECT * FROM "{schema}"."{table}" LIMIT 50
;
-- values of a variable
SELECT DISTINCT "{column}" FROM (SELECT * FROM "{schema}"."{table}" LIMIT 1000) AS t ORDER BY 1
;
-- a time series
SELECT floor(extract(epoch from at)/86400)*86400 AS "time", count(*) AS "rows"
FROM (SELECT timestamptz '2026-01-31 10:20:30+00' AS at FROM (SELECT * FROM "{schema}"."{table}" LIMIT 1000)
  AS t) AS s
WHERE at BETWEEN '2026-01-01T00:00:00Z' AND '2026-02-01T00:00:00.123456789Z' GROUP BY 1 ORDER BY 1
;
-- two statements at once
SELECT 1 AS a; SELECT 2 AS b
;
-- functions of time
SELECT now() > '2020-01-01'::timestamptz AS ok, to_char(date '2026-01-31', 'YYYY-MM-DD') AS day
;
-- a setting
SHOW max_connections
;
