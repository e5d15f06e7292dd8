SELECT CAST(s AS varchar), CAST(n AS bigint), CAST(n AS double), CAST(s AS decimal(10, 2)) FROM t
-- becomes
SELECT CAST(s AS text), CAST(n AS bigint), CAST(n AS double precision), CAST(s AS numeric(10, 2)) FROM t

SELECT CAST(s AS decimal) FROM t
-- becomes
SELECT CAST(s AS numeric(38, 0)) FROM t

SELECT CAST(x AS integer) FROM t
-- refused: not supported: CAST(x AS INTEGER) of double, which rounds or prints otherwise

SELECT CAST(x AS varchar) FROM t
-- refused: not supported: CAST(x AS VARCHAR) of double, which rounds or prints otherwise

SELECT CAST(ts AS varchar) FROM t
-- refused: not supported: CAST(ts AS VARCHAR) of timestamp, which rounds or prints otherwise

SELECT CAST(s AS timestamp), CAST(s AS timestamp(6)), CAST(s AS date) FROM t
-- becomes
SELECT CAST(s AS timestamp(3)), CAST(s AS timestamp), CAST(s AS date) FROM t

SELECT CAST(s AS varbinary) FROM t
-- refused: not supported: CAST(s AS VARBINARY) of text, which rounds or prints otherwise

SELECT CAST(tags AS array(varchar)) FROM t
-- refused: not supported: CAST(tags AS ARRAY<VARCHAR>) of array, which rounds or prints otherwise

SELECT CAST(s AS json) FROM t
-- refused: not supported: the type JSON, which has no exact counterpart

SELECT CAST(s AS row(a integer)) FROM t
-- refused: not supported: ROW values and types

SELECT CAST(s AS map(varchar, integer)) FROM t
-- refused: not supported: MAP values and types

SELECT TRY_CAST(s AS integer) FROM t
-- refused: not supported: TRY_CAST, which gives NULL for what does not fit

SELECT TRY(n / 0) FROM t
-- refused: not supported: Athena's function try, which Lakegate does not have with this meaning

SELECT ROW(1, 2)
-- refused: not supported: ROW values and types

SELECT MAP(ARRAY[1], ARRAY[2])
-- refused: not supported: MAP values and types

SELECT DATE '2024-01-31', TIMESTAMP '2024-01-31 12:00:00', TIMESTAMP '2024-01-31 12:00:00 UTC'
-- becomes
SELECT DATE '2024-01-31', TIMESTAMP '2024-01-31 12:00:00', CAST('2024-01-31 12:00:00+00:00' AS timestamp with time zone)

SELECT TIMESTAMP '2024-01-31 12:00:00 Europe/Paris'
-- refused: not supported: the literal TIMESTAMP '2024-01-31 12:00:00 Europe/Paris'

SELECT INTERVAL '1' DAY, INTERVAL '3' MONTH
-- becomes
SELECT INTERVAL '1 day', INTERVAL '3 month'

SELECT INTERVAL '1-2' YEAR TO MONTH
-- refused: not supported: the interval INTERVAL '1-2' YEAR TO MONTH

SELECT 1e3, X'65', 1.5
-- becomes
SELECT CAST('1e3' AS double precision), CAST('\x65' AS bytea), 1.5

SELECT n / 2, x / 2 FROM t
-- becomes
SELECT n / 2, x / 2 FROM t

SELECT amount / 2 FROM t
-- refused: not supported: a division of decimals, whose digits differ in Athena

SELECT 1.0 / 3
-- refused: not supported: a division of decimals, whose digits differ in Athena

SELECT name || city FROM t
-- becomes
SELECT name || city FROM t

SELECT if(n > 1, 'a', 'b'), if(n > 1, 'a') FROM t
-- becomes
SELECT CASE WHEN n > 1 THEN 'a' ELSE 'b' END, CASE WHEN n > 1 THEN 'a' END FROM t

SELECT coalesce(s, 'none'), nullif(n, 0) FROM t
-- becomes
SELECT coalesce(s, 'none'), nullif(n, 0) FROM t

SELECT greatest(n, id), least(n, id, 3) FROM t
-- becomes
SELECT CASE WHEN n IS NOT NULL AND id IS NOT NULL THEN greatest(n, id) END, CASE WHEN n IS NOT NULL AND id IS NOT NULL THEN least(n, id, 3) END FROM t

SELECT transform(tags, x -> x + 1) FROM t
-- refused: not supported: lambda functions (x -> …)

SELECT filter(list, x -> x > 1) FROM t
-- refused: not supported: lambda functions (x -> …)

SELECT reduce(list, 0, (s, x) -> s + x, s -> s) FROM t
-- refused: not supported: lambda functions (x -> …)

SELECT element_at(tags, 1), tags[1] FROM t
-- refused: not supported: an element by x[1], which fails in Athena behind the end

SELECT element_at(tags, -1) FROM t
-- refused: not supported: Athena's function element_at, which Lakegate does not have with this meaning

SELECT cardinality(tags), contains(tags, 'a') FROM t
-- becomes
SELECT cardinality(tags), ('a' = ANY(tags)) FROM t

SELECT array_position(tags, 'a'), array_join(tags, ',') FROM t
-- refused: not supported: Athena's function array_join, which Lakegate does not have with this meaning

SELECT array_sort(tags) FROM t
-- refused: not supported: Athena's function array_sort, which Lakegate does not have with this meaning

SELECT sequence(1, 10)
-- refused: not supported: Athena's function sequence, which Lakegate does not have with this meaning

SELECT split(name, ',') FROM t
-- becomes
SELECT CASE WHEN name = '' THEN ARRAY[''] ELSE string_to_array(name, ',') END FROM t

SELECT json_extract_scalar(doc, '$.a.b[0]') FROM t
-- becomes
SELECT CASE WHEN json_typeof(json_extract_path(CAST(doc AS json), 'a', 'b', '0')) NOT IN ('object', 'array') THEN json_extract_path_text(CAST(doc AS json), 'a', 'b', '0') END FROM t

SELECT json_extract_scalar(doc, '$["a"]') FROM t
-- becomes
SELECT CASE WHEN json_typeof(json_extract_path(CAST(doc AS json), 'a')) NOT IN ('object', 'array') THEN json_extract_path_text(CAST(doc AS json), 'a') END FROM t

SELECT json_extract_scalar(doc, '$..a') FROM t
-- refused: not supported: the JSON path '$..a'

SELECT json_extract(doc, '$.a') FROM t
-- refused: not supported: Athena's function json_extract, which Lakegate does not have with this meaning

SELECT json_format(j) FROM t
-- refused: not supported: Athena's function json_format, which Lakegate does not have with this meaning

SELECT map_keys(m) FROM t
-- refused: not supported: Athena's function map_keys, which Lakegate does not have with this meaning

SELECT histogram(n) FROM t
-- refused: not supported: Athena's function histogram, which Lakegate does not have with this meaning

SELECT a.b.c FROM t AS a
-- becomes
SELECT a.b.c FROM t AS a
