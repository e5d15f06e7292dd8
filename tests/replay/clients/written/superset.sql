--! start {"client_encoding": "UTF8", "application_name": "superset"}
--! simple
BEGIN
;
select pg_catalog.version()
;
select current_schema()
;
show standard_conforming_strings
;
ROLLBACK
;
set search_path = "shop"
;
SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname NOT LIKE 'pg\_%' ORDER BY nspname
;
SELECT datname FROM pg_database WHERE datistemplate = false
;
SELECT pg_backend_pid() > 0
;
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid='0'
;
SELECT * FROM orders ORDER BY id
LIMIT 1001
;
SELECT status AS status, count(*) AS count, sum(total) AS "SUM(total)" FROM (SELECT * FROM shop.orders) AS virtual_table WHERE ordered_at >= TO_TIMESTAMP('2026-01-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US') AND ordered_at < TO_TIMESTAMP('2026-02-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US') GROUP BY status ORDER BY count DESC, status
LIMIT 100
;
SELECT DATE_TRUNC('day', ordered_at) AS __timestamp, AVG(total) AS avg FROM shop.orders JOIN (SELECT status AS status__, count(*) AS mme_inner__ FROM shop.orders GROUP BY status ORDER BY mme_inner__ DESC, 1 LIMIT 2) AS series_limit ON status = status__ GROUP BY DATE_TRUNC('day', ordered_at) ORDER BY 1
LIMIT 10000
;
SELECT DATE_TRUNC('minute', ordered_at) + INTERVAL '15 minute' * FLOOR(EXTRACT(MINUTE FROM ordered_at) / 15) AS q, count(*) FROM shop.orders GROUP BY 1 ORDER BY 1
;
SELECT (timestamp 'epoch' + id * interval '1 second') AS at FROM shop.customers ORDER BY id
;
SELECT (timestamp 'epoch' + (id / 1000) * interval '1 second') AS at FROM shop.orders ORDER BY id
;
SELECT min(ordered_at), max(ordered_at) FROM shop.orders
;
SELECT DISTINCT status FROM shop.orders ORDER BY status ASC LIMIT 10000
;
SELECT * FROM shop.orders WHERE shipped_on >= TO_DATE('2026-02-05', 'YYYY-MM-DD') ORDER BY id
;
SELECT COUNT(*) AS rowcount FROM (SELECT * FROM shop.orders LIMIT 50000) AS rowcount_qry
;
SELECT * FROM (SELECT id, name FROM shop.customers) AS virtual_table WHERE name ILIKE '%a%' AND id IN (1, 2, 3) ORDER BY id LIMIT 0
;
SELECT PERCENTILE_CONT(0.25) WITHIN GROUP (ORDER BY total) AS q1, count(DISTINCT customer_id) AS n FROM shop.orders
;
EXPLAIN SELECT * FROM shop.orders
;
SELECT * FROM nothing
--! fails 42P01
;
SELECT nothing FROM shop.orders
--! fails 42703
;
SELECT * FRM shop.orders
--! fails 42601
;
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'shop' AND c.relkind in ('r', 'p') ORDER BY 1
;
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'gold' AND c.relkind IN ('v', 'm')
;
