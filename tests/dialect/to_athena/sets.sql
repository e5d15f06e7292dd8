SELECT count(*), count(DISTINCT city), sum(n), min(d), max(d) FROM t
-- becomes
SELECT count(*), count(DISTINCT city), sum(n), min(d), max(d) FROM t

SELECT avg(x), avg(n) FROM t
-- becomes
SELECT avg(x), (CAST(sum(n) AS decimal(38, 16)) / count(n)) FROM t

SELECT avg(amount) FROM t
-- refused: not supported: avg of a numeric or of an unknown type, which Athena rounds to the digits of its input

SELECT avg(amount::float8) FROM t
-- becomes
SELECT avg(CAST(amount AS double)) FROM t

SELECT round(avg(n), 2) FROM t
-- becomes
SELECT round((CAST(sum(n) AS decimal(38, 16)) / count(n)), 2) FROM t

SELECT bool_and(flag), bool_or(flag), every(flag) FROM t
-- becomes
SELECT bool_and(flag), bool_or(flag), every(flag) FROM t

SELECT stddev(x), var_pop(x), corr(x, score), regr_slope(x, score) FROM t
-- becomes
SELECT stddev(x), var_pop(x), corr(x, score), regr_slope(x, score) FROM t

SELECT string_agg(name, ', ') FROM t
-- becomes
SELECT array_join(array_agg(name) FILTER (WHERE name IS NOT NULL), ', ') FROM t

SELECT string_agg(name, ', ' ORDER BY name DESC) FROM t
-- becomes
SELECT array_join(array_agg(name ORDER BY name DESC NULLS FIRST) FILTER (WHERE name IS NOT NULL), ', ') FROM t

SELECT string_agg(DISTINCT name, ',') FILTER (WHERE flag) FROM t
-- becomes
SELECT array_join(array_agg(DISTINCT name) FILTER (WHERE flag AND (name IS NOT NULL)), ',') FROM t

SELECT string_agg(n, ',') FROM t
-- refused: not supported: string_agg of other values than text

SELECT string_agg(name, ',') OVER (PARTITION BY city) FROM t
-- refused: not supported: string_agg over a window

SELECT array_agg(n ORDER BY n DESC) FROM t
-- becomes
SELECT array_agg(n ORDER BY n DESC NULLS FIRST) FROM t

SELECT count(*) FILTER (WHERE n > 1) FROM t
-- becomes
SELECT count(*) FILTER (WHERE n > 1) FROM t

SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x) FROM t
-- refused: not supported: the function percentile_cont, which Athena does not have with this meaning

SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY x) FROM t
-- refused: not supported: the function percentile_disc, which Athena does not have with this meaning

SELECT mode() WITHIN GROUP (ORDER BY n) FROM t
-- refused: not supported: the function mode, which Athena does not have with this meaning

SELECT json_agg(n) FROM t
-- refused: not supported: the function json_agg, which Athena does not have with this meaning

SELECT row_number() OVER (ORDER BY id DESC) FROM t
-- becomes
SELECT row_number() OVER (ORDER BY id DESC NULLS FIRST) FROM t

SELECT rank() OVER (PARTITION BY city ORDER BY n), dense_rank() OVER w FROM t WINDOW w AS (ORDER BY n)
-- becomes
SELECT rank() OVER (PARTITION BY city ORDER BY n), dense_rank() OVER w FROM t WINDOW w AS (ORDER BY n)

SELECT lag(n, 1) OVER (ORDER BY id), lead(n) OVER (ORDER BY id), first_value(n) OVER (ORDER BY id) FROM t
-- becomes
SELECT lag(n, 1) OVER (ORDER BY id), lead(n) OVER (ORDER BY id), first_value(n) OVER (ORDER BY id) FROM t

SELECT sum(n) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM t
-- becomes
SELECT sum(n) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM t

SELECT avg(n) OVER (PARTITION BY city) FROM t
-- becomes
SELECT (CAST(sum(n) OVER (PARTITION BY city) AS decimal(38, 16)) / count(n) OVER (PARTITION BY city)) FROM t

SELECT ntile(4) OVER (ORDER BY n) FROM t
-- becomes
SELECT ntile(4) OVER (ORDER BY n) FROM t

SELECT ARRAY[1, 2, 3]
-- becomes
SELECT ARRAY[1, 2, 3]

SELECT tags[1] FROM t
-- becomes
SELECT element_at(tags, 1) FROM t

SELECT tags[n] FROM t
-- refused: not supported: an element of an array by another index than 1, 2, …

SELECT tags[1:2] FROM t
-- refused: not supported: an element of an array by another index than 1, 2, …

SELECT id FROM t WHERE 'a' = ANY (tags)
-- becomes
SELECT id FROM t WHERE contains(tags, 'a')

SELECT id FROM t WHERE n = ANY (ARRAY[1, 2])
-- becomes
SELECT id FROM t WHERE n IN (1, 2)

SELECT id FROM t WHERE n <> ALL (ARRAY[1, 2])
-- becomes
SELECT id FROM t WHERE n NOT IN (1, 2)

SELECT id FROM t WHERE n > ANY (ARRAY[1, 2])
-- refused: not supported: > ANY or ALL of an array

SELECT id FROM t WHERE n = ANY ('{1,2}')
-- refused: not supported: an array written as a string

SELECT id FROM t WHERE n = ANY (SELECT n FROM u)
-- becomes
SELECT id FROM t WHERE n = ANY(SELECT n FROM u)

SELECT cardinality(tags), array_length(tags, 1), array_position(tags, 'a'), array_remove(tags, 'a') FROM t
-- becomes
SELECT cardinality(tags), nullif(cardinality(tags), 0), nullif(array_position(tags, 'a'), 0), array_remove(tags, 'a') FROM t

SELECT array_append(tags, 'a') FROM t
-- refused: not supported: the function array_append, which Athena does not have with this meaning

SELECT t.id, u.tag FROM t, unnest(t.tags) AS u (tag)
-- becomes
SELECT t.id, u.tag FROM t CROSS JOIN UNNEST(t.tags) AS u (tag)

SELECT t.id, tag FROM t CROSS JOIN unnest(t.tags) AS tag
-- becomes
SELECT t.id, tag FROM t CROSS JOIN UNNEST(t.tags) AS tag (tag)

SELECT t.id, u.tag, u.i FROM t, unnest(t.tags) WITH ORDINALITY AS u (tag, i)
-- becomes
SELECT t.id, u.tag, u.i FROM t CROSS JOIN UNNEST(t.tags) WITH ORDINALITY AS u (tag, i)

SELECT t.id, tag FROM t LEFT JOIN unnest(t.tags) AS u (tag) ON true
-- becomes
SELECT t.id, tag FROM t LEFT JOIN UNNEST(t.tags) AS u (tag) ON true

SELECT unnest(tags) FROM t
-- refused: not supported: the function unnest, which Athena does not have with this meaning

SELECT * FROM unnest(ARRAY[1, 2])
-- refused: not supported: rows of an array without a name

SELECT g FROM generate_series(1, 10) AS g
-- becomes
SELECT g FROM UNNEST(sequence(1, 10, 1)) AS g (g)

SELECT g FROM generate_series(10, 1, -1) AS g
-- becomes
SELECT g FROM UNNEST(sequence(10, 1, -1)) AS g (g)

SELECT g FROM generate_series(TIMESTAMP '2024-01-01', TIMESTAMP '2024-01-31', interval '1 day') AS g
-- becomes
SELECT g FROM UNNEST(sequence(TIMESTAMP '2024-01-01', TIMESTAMP '2024-01-31', INTERVAL '1' DAY)) AS g (g)

SELECT g FROM generate_series(DATE '2024-01-01', DATE '2024-01-31', interval '1 day') AS g
-- refused: not supported: a series of other moments than timestamps

SELECT * FROM json_each('{}')
-- refused: not supported: the table function json_each
