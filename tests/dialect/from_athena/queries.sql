SELECT 1

SELECT id, name FROM customers

SELECT "Id" FROM awsdatacatalog.sales.Orders

SELECT * FROM "awsdatacatalog"."sales"."orders"

SELECT * FROM other.sales.orders

SELECT id FROM orders ORDER BY id OFFSET 5 LIMIT 10

SELECT id FROM orders LIMIT 10

SELECT id FROM orders LIMIT ALL

SELECT id FROM orders FETCH FIRST 10 ROWS ONLY

SELECT id FROM orders ORDER BY id FETCH FIRST 3 ROWS WITH TIES

SELECT id FROM orders ORDER BY id DESC

SELECT id FROM orders ORDER BY id

SELECT id FROM orders ORDER BY id DESC NULLS FIRST

SELECT -n AS n FROM orders ORDER BY n + 1

SELECT city, count(*) FROM customers GROUP BY 1

SELECT city, year, sum(n) FROM orders GROUP BY GROUPING SETS ((city), (year))

SELECT city, year, sum(n) FROM orders GROUP BY ROLLUP (city, year)

WITH big AS (SELECT id FROM orders) SELECT * FROM big

SELECT id FROM orders UNION ALL SELECT id FROM customers

SELECT id FROM orders EXCEPT SELECT id FROM customers

VALUES (1, 'a'), (2, 'b')

SELECT id FROM orders WHERE id IN (SELECT id FROM customers)

SELECT id FROM orders WHERE EXISTS (SELECT 1 FROM customers)

SELECT id FROM orders FOR VERSION AS OF 5

SELECT o.id FROM orders FOR VERSION AS OF 5 AS o WHERE o.n > 1

SELECT id FROM orders FOR TIMESTAMP AS OF TIMESTAMP '2026-01-31 12:00:00 UTC'

SELECT id FROM orders FOR TIMESTAMP AS OF current_timestamp

SELECT * FROM "orders$history"

SELECT * FROM orders TABLESAMPLE BERNOULLI (10)

SELECT table_name FROM information_schema.tables

EXPLAIN SELECT id FROM orders

SELECT t.id, u.tag FROM t CROSS JOIN UNNEST(t.tags) AS u (tag)

SELECT t.id, u.tag, u.i FROM t CROSS JOIN UNNEST(t.tags) WITH ORDINALITY AS u (tag, i)

SELECT a, c FROM t CROSS JOIN UNNEST(tags, list) AS u (a, c)

SELECT id FROM `orders`

CREATE EXTERNAL TABLE t (id int) LOCATION 's3://bucket/'

MSCK REPAIR TABLE t

UNLOAD (SELECT 1) TO 's3://bucket/' WITH (format = 'PARQUET')

INSERT INTO t SELECT 1

SHOW TABLES

OPTIMIZE t REWRITE DATA USING BIN_PACK

SELECT id FROM t WHERE id = ?

SELECT id FROM

SELECT 1; SELECT 2

SELECT row_number() OVER (PARTITION BY city ORDER BY n DESC) FROM t

SELECT sum(n) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM t

SELECT lag(n) IGNORE NULLS OVER (ORDER BY id) FROM t
