SELECT 1
-- becomes
SELECT 1

SELECT id, name FROM customers
-- becomes
SELECT id, name FROM customers

SELECT "Id" FROM awsdatacatalog.sales.Orders
-- becomes
SELECT "id" FROM sales.orders

SELECT * FROM "awsdatacatalog"."sales"."orders"
-- becomes
SELECT * FROM "sales"."orders"

SELECT * FROM other.sales.orders
-- refused: not supported: the catalog other

SELECT id FROM orders ORDER BY id OFFSET 5 LIMIT 10
-- becomes
SELECT id FROM orders ORDER BY id LIMIT 10 OFFSET 5

SELECT id FROM orders LIMIT 10
-- becomes
SELECT id FROM orders LIMIT 10

SELECT id FROM orders LIMIT ALL
-- becomes
SELECT id FROM orders

SELECT id FROM orders FETCH FIRST 10 ROWS ONLY
-- becomes
SELECT id FROM orders FETCH FIRST 10 ROWS ONLY

SELECT id FROM orders ORDER BY id FETCH FIRST 3 ROWS WITH TIES
-- refused: not supported: FETCH … WITH TIES

SELECT id FROM orders ORDER BY id DESC
-- becomes
SELECT id FROM orders ORDER BY id DESC NULLS LAST

SELECT id FROM orders ORDER BY id
-- becomes
SELECT id FROM orders ORDER BY id

SELECT id FROM orders ORDER BY id DESC NULLS FIRST
-- becomes
SELECT id FROM orders ORDER BY id DESC NULLS FIRST

SELECT -n AS n FROM orders ORDER BY n + 1
-- refused: not supported: ORDER BY n + 1, an expression of an output's name

SELECT city, count(*) FROM customers GROUP BY 1
-- becomes
SELECT city, count(*) FROM customers GROUP BY 1

SELECT city, year, sum(n) FROM orders GROUP BY GROUPING SETS ((city), (year))
-- becomes
SELECT city, year, CAST(sum(n) AS bigint) FROM orders GROUP BY GROUPING SETS ((city), (year))

SELECT city, year, sum(n) FROM orders GROUP BY ROLLUP (city, year)
-- becomes
SELECT city, year, CAST(sum(n) AS bigint) FROM orders GROUP BY ROLLUP (city, year)

WITH big AS (SELECT id FROM orders) SELECT * FROM big
-- becomes
WITH big AS (SELECT id FROM orders) SELECT * FROM big

SELECT id FROM orders UNION ALL SELECT id FROM customers
-- becomes
SELECT id FROM orders UNION ALL SELECT id FROM customers

SELECT id FROM orders EXCEPT SELECT id FROM customers
-- becomes
SELECT id FROM orders EXCEPT SELECT id FROM customers

VALUES (1, 'a'), (2, 'b')
-- becomes
VALUES (1, 'a'), (2, 'b')

SELECT id FROM orders WHERE id IN (SELECT id FROM customers)
-- becomes
SELECT id FROM orders WHERE id IN (SELECT id FROM customers)

SELECT id FROM orders WHERE EXISTS (SELECT 1 FROM customers)
-- becomes
SELECT id FROM orders WHERE EXISTS (SELECT 1 FROM customers)

SELECT id FROM orders FOR VERSION AS OF 5
-- becomes
SELECT id FROM "orders@v5" AS "orders"

SELECT o.id FROM orders FOR VERSION AS OF 5 AS o WHERE o.n > 1
-- becomes
SELECT o.id FROM "orders@v5" AS o WHERE o.n > 1

SELECT id FROM orders FOR TIMESTAMP AS OF TIMESTAMP '2026-01-31 12:00:00 UTC'
-- becomes
SELECT id FROM "orders@2026-01-31 12:00:00+00:00" AS "orders"

SELECT id FROM orders FOR TIMESTAMP AS OF current_timestamp
-- refused: not supported: FOR TIMESTAMP AS OF an expression

SELECT * FROM "orders$history"
-- becomes
SELECT * FROM "orders$history"

SELECT * FROM orders TABLESAMPLE BERNOULLI (10)
-- refused: not supported: TABLESAMPLE

SELECT table_name FROM information_schema.tables
-- refused: not supported: Athena's information_schema

EXPLAIN SELECT id FROM orders
-- becomes
EXPLAIN SELECT id FROM orders

SELECT t.id, u.tag FROM t CROSS JOIN UNNEST(t.tags) AS u (tag)
-- becomes
SELECT t.id, u.tag FROM t CROSS JOIN UNNEST(t.tags) AS u (tag)

SELECT t.id, u.tag, u.i FROM t CROSS JOIN UNNEST(t.tags) WITH ORDINALITY AS u (tag, i)
-- becomes
SELECT t.id, u.tag, u.i FROM t CROSS JOIN UNNEST(t.tags) WITH ORDINALITY AS u (tag, i)

SELECT a, c FROM t CROSS JOIN UNNEST(tags, list) AS u (a, c)
-- refused: not supported: UNNEST of several arrays, of maps or rows, or without names of columns

SELECT id FROM `orders`
-- refused: not supported: names in backticks, which belong to Athena's DDL

CREATE EXTERNAL TABLE t (id int) LOCATION 's3://bucket/'
-- refused: not supported: CREATE in Athena's dialect

MSCK REPAIR TABLE t
-- refused: not supported: MSCK in Athena's dialect

UNLOAD (SELECT 1) TO 's3://bucket/' WITH (format = 'PARQUET')
-- refused: not supported: UNLOAD in Athena's dialect

INSERT INTO t SELECT 1
-- refused: not supported: INSERT in Athena's dialect

SHOW TABLES
-- refused: not supported: SHOW in Athena's dialect

OPTIMIZE t REWRITE DATA USING BIN_PACK
-- refused: not supported: OPTIMIZE in Athena's dialect

SELECT id FROM t WHERE id = ?
-- refused: not supported: the parameter ?

SELECT id FROM
-- refused: syntax error: Expected: identifier, found: EOF

SELECT 1; SELECT 2
-- refused: one statement is expected

SELECT row_number() OVER (PARTITION BY city ORDER BY n DESC) FROM t
-- becomes
SELECT row_number() OVER (PARTITION BY city ORDER BY n DESC NULLS LAST) FROM t

SELECT sum(n) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM t
-- becomes
SELECT CAST(sum(n) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS bigint) FROM t

SELECT lag(n) IGNORE NULLS OVER (ORDER BY id) FROM t
-- refused: not supported: IGNORE NULLS in lag
