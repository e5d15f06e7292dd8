SELECT CAST(s AS varchar), CAST(n AS bigint), CAST(n AS double), CAST(s AS decimal(10, 2)) FROM t

SELECT CAST(s AS decimal) FROM t

SELECT CAST(x AS integer) FROM t

SELECT CAST(x AS varchar) FROM t

SELECT CAST(ts AS varchar) FROM t

SELECT CAST(s AS timestamp), CAST(s AS timestamp(6)), CAST(s AS date) FROM t

SELECT CAST(s AS varbinary) FROM t

SELECT CAST(tags AS array(varchar)) FROM t

SELECT CAST(s AS json) FROM t

SELECT CAST(s AS row(a integer)) FROM t

SELECT CAST(s AS map(varchar, integer)) FROM t

SELECT TRY_CAST(s AS integer) FROM t

SELECT TRY(n / 0) FROM t

SELECT ROW(1, 2)

SELECT MAP(ARRAY[1], ARRAY[2])

SELECT DATE '2024-01-31', TIMESTAMP '2024-01-31 12:00:00', TIMESTAMP '2024-01-31 12:00:00 UTC'

SELECT TIMESTAMP '2024-01-31 12:00:00 Europe/Paris'

SELECT INTERVAL '1' DAY, INTERVAL '3' MONTH

SELECT INTERVAL '1-2' YEAR TO MONTH

SELECT 1e3, X'65', 1.5

SELECT n / 2, x / 2 FROM t

SELECT amount / 2 FROM t

SELECT 1.0 / 3

SELECT name || city FROM t

SELECT if(n > 1, 'a', 'b'), if(n > 1, 'a') FROM t

SELECT coalesce(s, 'none'), nullif(n, 0) FROM t

SELECT greatest(n, id), least(n, id, 3) FROM t

SELECT transform(tags, x -> x + 1) FROM t

SELECT filter(list, x -> x > 1) FROM t

SELECT reduce(list, 0, (s, x) -> s + x, s -> s) FROM t

SELECT element_at(tags, 1), tags[1] FROM t

SELECT element_at(tags, -1) FROM t

SELECT cardinality(tags), contains(tags, 'a') FROM t

SELECT array_position(tags, 'a'), array_join(tags, ',') FROM t

SELECT array_sort(tags) FROM t

SELECT sequence(1, 10)

SELECT split(name, ',') FROM t

SELECT json_extract_scalar(doc, '$.a.b[0]') FROM t

SELECT json_extract_scalar(doc, '$["a"]') FROM t

SELECT json_extract_scalar(doc, '$..a') FROM t

SELECT json_extract(doc, '$.a') FROM t

SELECT json_format(j) FROM t

SELECT map_keys(m) FROM t

SELECT histogram(n) FROM t

SELECT a.b.c FROM t AS a
