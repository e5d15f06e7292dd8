SELECT 1

SELECT id, name FROM customers

SELECT * FROM lake.sales.orders

SELECT o.* FROM sales.orders AS o

SELECT * FROM other.sales.orders

SELECT lake.sales.orders.id FROM lake.sales.orders

SELECT Id AS Total FROM Orders

SELECT "Id" AS "Total" FROM "Orders"

SELECT id AS "order" FROM "table"

SELECT id AS skip FROM orders

SELECT id FROM "order-lines"

SELECT "$path" FROM orders

SELECT DISTINCT city FROM customers

SELECT DISTINCT ON (city) city, name FROM customers ORDER BY city, born

SELECT id FROM orders LIMIT 10

SELECT id FROM orders LIMIT 10 OFFSET 5

SELECT id FROM orders OFFSET 5

SELECT id FROM orders LIMIT ALL

SELECT id FROM orders OFFSET 5 ROWS FETCH FIRST 10 ROWS ONLY

SELECT id FROM orders ORDER BY id FETCH FIRST 10 ROWS WITH TIES

SELECT id FROM orders LIMIT 1 + 1

SELECT id FROM orders ORDER BY id

SELECT id FROM orders ORDER BY id DESC

SELECT id FROM orders ORDER BY id DESC NULLS LAST, n NULLS FIRST

SELECT id FROM orders ORDER BY 1 DESC

SELECT -n AS n FROM orders ORDER BY n + 1

SELECT n AS m FROM orders ORDER BY m

SELECT city, count(*) FROM customers GROUP BY city

SELECT city, count(*) FROM customers GROUP BY 1

SELECT date_trunc('month', ts) AS m, count(*) FROM orders GROUP BY m

SELECT upper(city) AS city, count(*) FROM customers GROUP BY city

SELECT n + 1 AS id, count(*) FROM orders GROUP BY id

SELECT city, year, sum(n) FROM orders GROUP BY ROLLUP (city, year)

SELECT city, year, sum(n) FROM orders GROUP BY CUBE (city, year)

SELECT city, year, sum(n) FROM orders GROUP BY GROUPING SETS ((city), (year), ())

SELECT city FROM customers GROUP BY city HAVING count(*) > 3

SELECT a.id FROM orders a JOIN customers c ON a.customer_id = c.id

SELECT a.id FROM orders a LEFT JOIN customers c USING (id)

SELECT a.id FROM orders a FULL JOIN customers c ON a.id = c.id

SELECT a.id FROM orders a NATURAL JOIN customers c

SELECT a.id FROM orders a CROSS JOIN customers c

SELECT a.id FROM orders a, customers c WHERE a.id = c.id

SELECT c.id, o.n FROM customers c CROSS JOIN LATERAL (SELECT n FROM orders WHERE customer_id = c.id LIMIT 1) o

SELECT c.id, o.n FROM customers c LEFT JOIN LATERAL (SELECT n FROM orders WHERE customer_id = c.id) o ON true

WITH big AS (SELECT id FROM orders WHERE n > 5) SELECT count(*) FROM big

WITH big AS MATERIALIZED (SELECT id FROM orders) SELECT * FROM big

WITH RECURSIVE t (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < 5) SELECT i FROM t

WITH RECURSIVE t AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM t WHERE i < 5) SELECT i FROM t

SELECT id FROM orders UNION SELECT id FROM customers

SELECT id FROM orders UNION ALL SELECT id FROM customers ORDER BY 1 LIMIT 3

SELECT id FROM orders INTERSECT SELECT id FROM customers

SELECT id FROM orders EXCEPT SELECT id FROM customers

VALUES (1, 'a'), (2, 'b')

SELECT v.i FROM (VALUES (1), (2)) AS v (i)

SELECT id FROM orders WHERE id IN (SELECT id FROM customers)

SELECT id FROM orders WHERE id NOT IN (1, 2, 3)

SELECT id FROM orders o WHERE EXISTS (SELECT 1 FROM customers c WHERE c.id = o.customer_id)

SELECT (SELECT max(n) FROM orders) AS m

SELECT id FROM orders WHERE (id, n) IN ((1, 2), (3, 4))

SELECT id FROM orders TABLESAMPLE BERNOULLI (10)

SELECT id FROM orders TABLESAMPLE BERNOULLI (10) REPEATABLE (1)

EXPLAIN SELECT id FROM orders

EXPLAIN ANALYZE SELECT id FROM orders

EXPLAIN (COSTS off) SELECT 1

SELECT id FROM "orders@v5" AS orders

SELECT id FROM sales."orders@v5" AS o

SELECT id FROM "orders@2026-01-31 12:00:00+00:00" AS orders

SELECT id FROM "orders@2026-01-31 12:00" AS orders

SELECT id FROM "orders@audit" AS orders

SELECT * FROM "orders$history"

SELECT * FROM "orders$partitions"

SELECT relname FROM pg_catalog.pg_class

SELECT table_name FROM information_schema.tables

SELECT id FROM orders FOR UPDATE

SELECT id INTO copies FROM orders

INSERT INTO orders VALUES (1)

DELETE FROM orders

CREATE TABLE t (id integer)

UPDATE orders SET n = 1

SELECT id FROM orders WHERE id = $1

TABLE orders

SELECT id FROM orders AS "Group" WHERE "Group".id = 1

SELECT count(*) FROM orders CROSS JOIN (SELECT 1 AS one) AS o
