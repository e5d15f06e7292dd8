--! start {"client_encoding": "UTF8", "application_name": "Grafana"}
--! simple
-- ping
;
;
SELECT current_setting('server_version_num')::int/100 as version
;
SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'
;
SELECT quote_ident(table_name) as "table" FROM information_schema.tables WHERE quote_ident(table_schema) NOT IN ('information_schema', 'pg_catalog', '_timescaledb_cache', '_timescaledb_catalog', '_timescaledb_internal', '_timescaledb_config', 'timescaledb_information', 'timescaledb_experimental') ORDER BY CASE WHEN quote_ident(table_schema) IN (SELECT CASE WHEN trim(s[i]) = '"$user"' THEN user ELSE trim(s[i]) END FROM generate_series(array_lower(string_to_array(current_setting('search_path'),','),1), array_upper(string_to_array(current_setting('search_path'),','),1)) as i, string_to_array(current_setting('search_path'),',') s) THEN 0 ELSE 1 END, 1
;
SELECT CASE WHEN quote_ident(table_schema) IN (SELECT CASE WHEN trim(s[i]) = '"$user"' THEN user ELSE trim(s[i]) END FROM generate_series(array_lower(string_to_array(current_setting('search_path'),','),1), array_upper(string_to_array(current_setting('search_path'),','),1)) as i, string_to_array(current_setting('search_path'),',') s) THEN quote_ident(table_name) ELSE quote_ident(table_schema) || '.' || quote_ident(table_name) END AS "table" FROM information_schema.tables WHERE quote_ident(table_schema) NOT IN ('information_schema', 'pg_catalog') ORDER BY 1
;
SELECT quote_ident(column_name) AS "column", data_type AS "type" FROM information_schema.columns WHERE CASE WHEN array_length(parse_ident('shop.orders'),1) = 2 THEN quote_ident(table_schema) = (parse_ident('shop.orders'))[1] AND quote_ident(table_name) = (parse_ident('shop.orders'))[2] ELSE quote_ident(table_name) = 'shop.orders' AND quote_ident(table_schema) IN (SELECT CASE WHEN trim(s[i]) = '"$user"' THEN user ELSE trim(s[i]) END FROM generate_series(array_lower(string_to_array(current_setting('search_path'),','),1), array_upper(string_to_array(current_setting('search_path'),','),1)) as i, string_to_array(current_setting('search_path'),',') s) END
;
SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT LIKE 'pg\_%' ORDER BY 1
;
SELECT column_name, data_type, udt_name, numeric_precision, numeric_scale FROM information_schema.columns WHERE table_schema = 'shop' AND table_name = 'products' ORDER BY ordinal_position
;
SELECT floor(extract(epoch from ordered_at)/86400)*86400 AS "time", count(*) AS "orders", sum(total) AS "total" FROM shop.orders WHERE ordered_at BETWEEN '2026-01-01T00:00:00Z' AND '2026-02-01T00:00:00.123456789Z' GROUP BY 1 ORDER BY 1
;
SELECT ordered_at AS "time", status AS metric, total::float8 AS value FROM shop.orders WHERE ordered_at >= '2026-01-01T00:00:00Z' AND ordered_at <= '2026-01-15T00:00:00Z' ORDER BY 1, 2
;
SELECT extract(epoch from created_at) as time, name as text FROM shop.customers WHERE created_at BETWEEN '2025-01-01T00:00:00Z' AND '2026-01-01T00:00:00Z' ORDER BY 1
;
SELECT floor(extract(epoch from created_at)/3600)*3600 AS "time", avg(score) AS "avg" FROM shop.customers WHERE extract(epoch from created_at) >= 1735689600 AND extract(epoch from created_at) <= 1767225600 AND score = score GROUP BY 1 ORDER BY 1
;
SELECT date_trunc('month', ordered_at) AS "time", count(*) FILTER (WHERE status = 'paid') AS "paid" FROM shop.orders GROUP BY 1 ORDER BY 1
;
SELECT DISTINCT status FROM shop.orders ORDER BY 1
;
SELECT name AS __text, id AS __value FROM shop.customers ORDER BY 1
;
SELECT * FROM shop.orders WHERE status IN ('new','paid') AND customer_id IN (1,2) ORDER BY id LIMIT 50
;
SELECT 1 AS a; SELECT 2 AS b
;
SELECT now() > '2020-01-01'::timestamptz AS ok, to_char(date '2026-01-31', 'YYYY-MM-DD') AS day
;
SELECT nothing FROM shop.orders
--! fails 42703
;
SHOW max_connections
;
