SELECT count(*), count(DISTINCT city), sum(n), min(d), max(d) FROM t

SELECT avg(x), avg(n) FROM t

SELECT avg(amount) FROM t

SELECT avg(amount::float8) FROM t

SELECT round(avg(n), 2) FROM t

SELECT bool_and(flag), bool_or(flag), every(flag) FROM t

SELECT stddev(x), var_pop(x), corr(x, score), regr_slope(x, score) FROM t

SELECT string_agg(name, ', ') FROM t

SELECT string_agg(name, ', ' ORDER BY name DESC) FROM t

SELECT string_agg(DISTINCT name, ',') FILTER (WHERE flag) FROM t

SELECT string_agg(n, ',') FROM t

SELECT string_agg(name, ',') OVER (PARTITION BY city) FROM t

SELECT array_agg(n ORDER BY n DESC) FROM t

SELECT count(*) FILTER (WHERE n > 1) FROM t

SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x) FROM t

SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY x) FROM t

SELECT mode() WITHIN GROUP (ORDER BY n) FROM t

SELECT json_agg(n) FROM t

SELECT row_number() OVER (ORDER BY id DESC) FROM t

SELECT rank() OVER (PARTITION BY city ORDER BY n), dense_rank() OVER w FROM t WINDOW w AS (ORDER BY n)

SELECT lag(n, 1) OVER (ORDER BY id), lead(n) OVER (ORDER BY id), first_value(n) OVER (ORDER BY id) FROM t

SELECT sum(n) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM t

SELECT avg(n) OVER (PARTITION BY city) FROM t

SELECT ntile(4) OVER (ORDER BY n) FROM t

SELECT ARRAY[1, 2, 3]

SELECT tags[1] FROM t

SELECT tags[n] FROM t

SELECT tags[1:2] FROM t

SELECT id FROM t WHERE 'a' = ANY (tags)

SELECT id FROM t WHERE n = ANY (ARRAY[1, 2])

SELECT id FROM t WHERE n <> ALL (ARRAY[1, 2])

SELECT id FROM t WHERE n > ANY (ARRAY[1, 2])

SELECT id FROM t WHERE n = ANY ('{1,2}')

SELECT id FROM t WHERE n = ANY (SELECT n FROM u)

SELECT cardinality(tags), array_length(tags, 1), array_position(tags, 'a'), array_remove(tags, 'a') FROM t

SELECT array_append(tags, 'a') FROM t

SELECT t.id, u.tag FROM t, unnest(t.tags) AS u (tag)

SELECT t.id, tag FROM t CROSS JOIN unnest(t.tags) AS tag

SELECT t.id, u.tag, u.i FROM t, unnest(t.tags) WITH ORDINALITY AS u (tag, i)

SELECT t.id, tag FROM t LEFT JOIN unnest(t.tags) AS u (tag) ON true

SELECT unnest(tags) FROM t

SELECT * FROM unnest(ARRAY[1, 2])

SELECT g FROM generate_series(1, 10) AS g

SELECT g FROM generate_series(10, 1, -1) AS g

SELECT g FROM generate_series(TIMESTAMP '2024-01-01', TIMESTAMP '2024-01-31', interval '1 day') AS g

SELECT g FROM generate_series(DATE '2024-01-01', DATE '2024-01-31', interval '1 day') AS g

SELECT * FROM json_each('{}')
