SELECT 1
-- becomes
SELECT 1

SELECT id, name FROM customers
-- becomes
SELECT id, name FROM customers

SELECT * FROM lake.sales.orders
-- becomes
SELECT * FROM sales.orders

SELECT o.* FROM sales.orders AS o
-- becomes
SELECT o.* FROM sales.orders AS o

SELECT * FROM other.sales.orders
-- refused: not supported: the catalog other

SELECT lake.sales.orders.id FROM lake.sales.orders
-- becomes
SELECT sales.orders.id FROM sales.orders

SELECT Id AS Total FROM Orders
-- becomes
SELECT id AS total FROM orders

SELECT "Id" AS "Total" FROM "Orders"
-- becomes
SELECT "Id" AS "Total" FROM "Orders"

SELECT id AS "order" FROM "table"
-- becomes
SELECT id AS "order" FROM "table"

SELECT id AS skip FROM orders
-- becomes
SELECT id AS "skip" FROM orders

SELECT id FROM "order-lines"
-- becomes
SELECT id FROM "order-lines"

SELECT "$path" FROM orders
-- becomes
SELECT "$path" FROM orders

SELECT DISTINCT city FROM customers
-- becomes
SELECT DISTINCT city FROM customers

SELECT DISTINCT ON (city) city, name FROM customers ORDER BY city, born
-- refused: not supported: DISTINCT ON

SELECT id FROM orders LIMIT 10
-- becomes
SELECT id FROM orders LIMIT 10

SELECT id FROM orders LIMIT 10 OFFSET 5
-- becomes
SELECT id FROM orders OFFSET 5 LIMIT 10

SELECT id FROM orders OFFSET 5
-- becomes
SELECT id FROM orders OFFSET 5

SELECT id FROM orders LIMIT ALL
-- becomes
SELECT id FROM orders

SELECT id FROM orders OFFSET 5 ROWS FETCH FIRST 10 ROWS ONLY
-- becomes
SELECT id FROM orders OFFSET 5 LIMIT 10

SELECT id FROM orders ORDER BY id FETCH FIRST 10 ROWS WITH TIES
-- refused: not supported: FETCH … WITH TIES

SELECT id FROM orders LIMIT 1 + 1
-- refused: not supported: LIMIT or OFFSET 1 + 1

SELECT id FROM orders ORDER BY id
-- becomes
SELECT id FROM orders ORDER BY id

SELECT id FROM orders ORDER BY id DESC
-- becomes
SELECT id FROM orders ORDER BY id DESC NULLS FIRST

SELECT id FROM orders ORDER BY id DESC NULLS LAST, n NULLS FIRST
-- becomes
SELECT id FROM orders ORDER BY id DESC NULLS LAST, n NULLS FIRST

SELECT id FROM orders ORDER BY 1 DESC
-- becomes
SELECT id FROM orders ORDER BY 1 DESC NULLS FIRST

SELECT -n AS n FROM orders ORDER BY n + 1
-- refused: not supported: ORDER BY an expression of n, which names an output

SELECT n AS m FROM orders ORDER BY m
-- becomes
SELECT n AS m FROM orders ORDER BY m

SELECT city, count(*) FROM customers GROUP BY city
-- becomes
SELECT city, count(*) FROM customers GROUP BY city

SELECT city, count(*) FROM customers GROUP BY 1
-- becomes
SELECT city, count(*) FROM customers GROUP BY 1

SELECT date_trunc('month', ts) AS m, count(*) FROM orders GROUP BY m
-- becomes
SELECT date_trunc('month', ts) AS m, count(*) FROM orders GROUP BY 1

SELECT upper(city) AS city, count(*) FROM customers GROUP BY city
-- becomes
SELECT upper(city) AS city, count(*) FROM customers GROUP BY city

SELECT n + 1 AS id, count(*) FROM orders GROUP BY id
-- refused: not supported: GROUP BY id, which may be a column or an output

SELECT city, year, sum(n) FROM orders GROUP BY ROLLUP (city, year)
-- becomes
SELECT city, year, sum(n) FROM orders GROUP BY ROLLUP (city, year)

SELECT city, year, sum(n) FROM orders GROUP BY CUBE (city, year)
-- becomes
SELECT city, year, sum(n) FROM orders GROUP BY CUBE (city, year)

SELECT city, year, sum(n) FROM orders GROUP BY GROUPING SETS ((city), (year), ())
-- becomes
SELECT city, year, sum(n) FROM orders GROUP BY GROUPING SETS ((city), (year), ())

SELECT city FROM customers GROUP BY city HAVING count(*) > 3
-- becomes
SELECT city FROM customers GROUP BY city HAVING count(*) > 3

SELECT a.id FROM orders a JOIN customers c ON a.customer_id = c.id
-- becomes
SELECT a.id FROM orders a JOIN customers c ON a.customer_id = c.id

SELECT a.id FROM orders a LEFT JOIN customers c USING (id)
-- becomes
SELECT a.id FROM orders a LEFT JOIN customers c USING(id)

SELECT a.id FROM orders a FULL JOIN customers c ON a.id = c.id
-- becomes
SELECT a.id FROM orders a FULL JOIN customers c ON a.id = c.id

SELECT a.id FROM orders a NATURAL JOIN customers c
-- refused: not supported: NATURAL joins, which Athena does not have

SELECT a.id FROM orders a CROSS JOIN customers c
-- becomes
SELECT a.id FROM orders a CROSS JOIN customers c

SELECT a.id FROM orders a, customers c WHERE a.id = c.id
-- becomes
SELECT a.id FROM orders a, customers c WHERE a.id = c.id

SELECT c.id, o.n FROM customers c CROSS JOIN LATERAL (SELECT n FROM orders WHERE customer_id = c.id LIMIT 1) o
-- becomes
SELECT c.id, o.n FROM customers c CROSS JOIN LATERAL (SELECT n FROM orders WHERE customer_id = c.id LIMIT 1) o

SELECT c.id, o.n FROM customers c LEFT JOIN LATERAL (SELECT n FROM orders WHERE customer_id = c.id) o ON true
-- becomes
SELECT c.id, o.n FROM customers c LEFT JOIN LATERAL (SELECT n FROM orders WHERE customer_id = c.id) o ON true

WITH big AS (SELECT id FROM orders WHERE n > 5) SELECT count(*) FROM big
-- becomes
WITH big AS (SELECT id FROM orders WHERE n > 5) SELECT count(*) FROM big

WITH big AS MATERIALIZED (SELECT id FROM orders) SELECT * FROM big
-- becomes
WITH big AS (SELECT id FROM orders) SELECT * FROM big

WITH RECURSIVE t (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < 5) SELECT i FROM t
-- becomes
WITH RECURSIVE t (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < 5) SELECT i FROM t

WITH RECURSIVE t AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM t WHERE i < 5) SELECT i FROM t
-- refused: not supported: WITH RECURSIVE without names of columns

SELECT id FROM orders UNION SELECT id FROM customers
-- becomes
SELECT id FROM orders UNION SELECT id FROM customers

SELECT id FROM orders UNION ALL SELECT id FROM customers ORDER BY 1 LIMIT 3
-- becomes
SELECT id FROM orders UNION ALL SELECT id FROM customers ORDER BY 1 LIMIT 3

SELECT id FROM orders INTERSECT SELECT id FROM customers
-- becomes
SELECT id FROM orders INTERSECT SELECT id FROM customers

SELECT id FROM orders EXCEPT SELECT id FROM customers
-- becomes
SELECT id FROM orders EXCEPT SELECT id FROM customers

VALUES (1, 'a'), (2, 'b')
-- becomes
VALUES (1, 'a'), (2, 'b')

SELECT v.i FROM (VALUES (1), (2)) AS v (i)
-- becomes
SELECT v.i FROM (VALUES (1), (2)) AS v (i)

SELECT id FROM orders WHERE id IN (SELECT id FROM customers)
-- becomes
SELECT id FROM orders WHERE id IN (SELECT id FROM customers)

SELECT id FROM orders WHERE id NOT IN (1, 2, 3)
-- becomes
SELECT id FROM orders WHERE id NOT IN (1, 2, 3)

SELECT id FROM orders o WHERE EXISTS (SELECT 1 FROM customers c WHERE c.id = o.customer_id)
-- becomes
SELECT id FROM orders o WHERE EXISTS (SELECT 1 FROM customers c WHERE c.id = o.customer_id)

SELECT (SELECT max(n) FROM orders) AS m
-- becomes
SELECT (SELECT max(n) FROM orders) AS m

SELECT id FROM orders WHERE (id, n) IN ((1, 2), (3, 4))
-- becomes
SELECT id FROM orders WHERE (id, n) IN ((1, 2), (3, 4))

SELECT id FROM orders TABLESAMPLE BERNOULLI (10)
-- becomes
SELECT id FROM orders TABLESAMPLE BERNOULLI (10)

SELECT id FROM orders TABLESAMPLE BERNOULLI (10) REPEATABLE (1)
-- refused: not supported: this form of TABLESAMPLE

EXPLAIN SELECT id FROM orders
-- becomes
EXPLAIN SELECT id FROM orders

EXPLAIN ANALYZE SELECT id FROM orders
-- becomes
EXPLAIN ANALYZE SELECT id FROM orders

EXPLAIN (COSTS off) SELECT 1
-- refused: not supported: options of EXPLAIN

SELECT id FROM "orders@v5" AS orders
-- becomes
SELECT id FROM orders FOR VERSION AS OF 5 AS orders

SELECT id FROM sales."orders@v5" AS o
-- becomes
SELECT id FROM sales.orders FOR VERSION AS OF 5 AS o

SELECT id FROM "orders@2026-01-31 12:00:00+00:00" AS orders
-- becomes
SELECT id FROM orders FOR TIMESTAMP AS OF TIMESTAMP '2026-01-31 12:00:00 +00:00' AS orders

SELECT id FROM "orders@2026-01-31 12:00" AS orders
-- refused: not supported: the moment 2026-01-31 12:00 without an offset, which each session reads in its own zone

SELECT id FROM "orders@audit" AS orders
-- becomes
SELECT id FROM orders FOR VERSION AS OF 'audit' AS orders

SELECT * FROM "orders$history"
-- becomes
SELECT * FROM "orders$history"

SELECT * FROM "orders$partitions"
-- becomes
SELECT * FROM "orders$partitions"

SELECT relname FROM pg_catalog.pg_class
-- refused: not supported: the system relation pg_class, which Athena does not have

SELECT table_name FROM information_schema.tables
-- refused: not supported: the system relation tables, which Athena does not have

SELECT id FROM orders FOR UPDATE
-- refused: not supported: FOR UPDATE and FOR SHARE

SELECT id INTO copies FROM orders
-- refused: not supported: SELECT INTO

INSERT INTO orders VALUES (1)
-- refused: not supported: a statement that is no query

DELETE FROM orders
-- refused: not supported: a statement that is no query

CREATE TABLE t (id integer)
-- refused: not supported: a statement that is no query

UPDATE orders SET n = 1
-- refused: not supported: a statement that is no query

SELECT id FROM orders WHERE id = $1
-- refused: not supported: the parameter $1

SELECT id FROM orders AS "Group" WHERE "Group".id = 1
-- becomes
SELECT id FROM orders AS "Group" WHERE "Group".id = 1

SELECT count(*) FROM orders CROSS JOIN (SELECT 1 AS one) AS o
-- becomes
SELECT count(*) FROM orders CROSS JOIN (SELECT 1 AS one) AS o
