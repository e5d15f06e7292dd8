SELECT x / nullif(n, 0), x / 2.5, x / 0 FROM t
-- becomes
SELECT x / nullif(n, 0), x / 2.5, x / CASE WHEN (0 = 0) AND (x IS NOT NULL) THEN 1 / 0 ELSE 0 END FROM t

SELECT power(x, -1) FROM t
-- refused: not supported: a power other than a whole number from 0

SELECT n ^ 0.5 FROM t
-- refused: not supported: power of a numeric or of an unknown type, which is a double in Athena

SELECT sqrt(amount) FROM t
-- refused: not supported: sqrt of a numeric or of an unknown type, which is a double in Athena

SELECT asin(x), acos(x) FROM t
-- becomes
SELECT asin(CASE WHEN abs(x) > 1 THEN 1 / 0 ELSE x END), acos(CASE WHEN abs(x) > 1 THEN 1 / 0 ELSE x END) FROM t

SELECT avg(r), sum(r) FROM t
-- refused: not supported: avg of a numeric or of an unknown type, which Athena rounds to the digits of its input

SELECT sum(r) FROM t
-- refused: not supported: sum of a real, which Athena reckons in other digits

SELECT id FROM t WHERE r = 1.1
-- refused: not supported: r beside 1.1, of which one is a real

SELECT id FROM t WHERE r > x
-- becomes
SELECT id FROM t WHERE r > x

SELECT r, r * r FROM t
-- becomes
SELECT r, r * r FROM t

SELECT r * 2 FROM t
-- refused: not supported: the product of r of real and 2 of integer

SELECT r / 3 FROM t
-- refused: not supported: the division r / 3 of real by integer, whose digits differ in Athena

SELECT stddev(n) FROM t
-- refused: not supported: stddev of other values than doubles, which has other digits in Athena

SELECT stddev(n::float8), corr(n, x) FROM t
-- becomes
SELECT stddev(CAST(n AS double)), corr(n, x) FROM t

SELECT 12345678901234567890 / 7
-- refused: not supported: the division 12345678901234567890 / 7 of decimal by integer, whose digits differ in Athena

SELECT mod(n, 2.5) / 2 FROM t
-- refused: not supported: the division mod(n, 2.5) / 2 of decimal by integer, whose digits differ in Athena

SELECT n::numeric(10, 2)::text, 1.50::text FROM t
-- becomes
SELECT CAST(CAST(n AS decimal(10, 2)) AS varchar), CAST(1.50 AS varchar) FROM t

SELECT round(amount, 1)::text FROM t
-- refused: not supported: round(amount, 1) of decimal as text, which Athena prints otherwise

SELECT coalesce(amount, 0)::text FROM t
-- refused: not supported: coalesce(amount, 0) of decimal as text, which Athena prints otherwise

SELECT concat(name, amount) FROM t
-- refused: not supported: concat of amount, of another type than text

SELECT floor(x + 0.5)::integer FROM t
-- becomes
SELECT CAST(FLOOR(x + 0.5) AS integer) FROM t

SELECT floor(x * 100 + 0.5) / 100 FROM t
-- becomes
SELECT FLOOR(x * 100 + 0.5) / 100 FROM t

SELECT ts + interval '1 year 1 month 2 days' FROM t
-- becomes
SELECT ts + INTERVAL '13' MONTH + INTERVAL '2' DAY FROM t

SELECT ts - interval '1 year -2 months' FROM t
-- becomes
SELECT ts - INTERVAL '10' MONTH FROM t

SELECT ts + interval '1 hour' * x FROM t
-- refused: not supported: the product of INTERVAL '1 hour' of interval and x of double

SELECT date_trunc('day', TIMESTAMPTZ '2024-01-31 00:30:00+02')
-- becomes
SELECT date_trunc('day', at_timezone(TIMESTAMP '2024-01-31 00:30:00 +02:00', 'UTC'))

SELECT date_trunc('day', s::timestamptz) FROM t
-- becomes
SELECT date_trunc('day', at_timezone(CAST(s AS timestamp(6) with time zone), 'UTC')) FROM t

SELECT ts AT TIME ZONE 'UTC' FROM t
-- becomes
SELECT with_timezone(ts, 'UTC') FROM t

SELECT id FROM t WHERE ts = '2024-01-31 12:00:00.123456'
-- becomes
SELECT id FROM t WHERE ts = TIMESTAMP '2024-01-31 12:00:00.123456'

SELECT id FROM t WHERE ts > created + interval '1 day'
-- becomes
SELECT id FROM t WHERE ts > created + INTERVAL '1' DAY

SELECT s::timestamp(3), s::time FROM t
-- becomes
SELECT CAST(s AS timestamp(3)), CAST(s AS time(6)) FROM t

SELECT to_timestamp(x) FROM t
-- refused: not supported: the function to_timestamp, which Athena does not have with this meaning

SELECT to_char(ts, 'SSSS') FROM t
-- refused: not supported: the mask 'SSSS'

SELECT to_char(ts, 'US') FROM t
-- refused: not supported: the mask 'US'

SELECT to_char(ts, '"a\"b"') FROM t
-- refused: not supported: the mask '"a\"b"'

SELECT to_timestamp(s, 'HH24:MI') FROM t
-- refused: not supported: reading a moment without its year, or by weeks or names of days

SELECT to_date(s, 'IYYY-IW') FROM t
-- refused: not supported: reading a moment without its year, or by weeks or names of days

SELECT to_date(s, 'FMDay YYYY-MM-DD') FROM t
-- refused: not supported: reading a moment without its year, or by weeks or names of days

SELECT g FROM generate_series(TIMESTAMP '2024-01-31', TIMESTAMP '2024-05-31', interval '1 month') AS g
-- refused: not supported: a series by months

SELECT substring(name, 1, strpos(name, '-') - 1) FROM t
-- refused: not supported: substring of strpos(name, '-') - 1 letters, which may be less than none

SELECT substring(name, 1, greatest(strpos(name, '-') - 1, 0)) FROM t
-- becomes
SELECT substr(name, 1, coalesce(greatest(strpos(name, '-') - 1, 0), strpos(name, '-') - 1, 0)) FROM t

SELECT substring(name, greatest(n, 1)) FROM t
-- becomes
SELECT substr(name, coalesce(greatest(n, 1), n, 1)) FROM t

SELECT substring(name, coalesce(strpos(name, '-'), 1)) FROM t
-- refused: not supported: substring from coalesce(strpos(name, '-'), 1), which may be less than 1

SELECT id FROM t WHERE n = ANY (list)
-- becomes
SELECT id FROM t WHERE CASE WHEN cardinality(list) = 0 THEN false ELSE contains(list, n) END

SELECT id FROM t WHERE n <> ALL (list)
-- becomes
SELECT id FROM t WHERE (NOT CASE WHEN cardinality(list) = 0 THEN false ELSE contains(list, n) END)

SELECT id FROM t WHERE n = ANY (ARRAY[]::integer[])
-- refused: not supported: ARRAY[] of array as another array

SELECT id FROM t WHERE d = ANY (ARRAY['2024-01-01', '2024-01-02'])
-- becomes
SELECT id FROM t WHERE d IN (DATE '2024-01-01', DATE '2024-01-02')

SELECT array_remove(tags, NULL), array_position(tags, name) FROM t
-- refused: not supported: the function array_remove, which Athena does not have with this meaning

SELECT array_to_string(array_agg(name), ',') FROM t
-- becomes
SELECT array_join(array_agg(name), ',') FROM t

SELECT array_to_string(array_agg(x), ',') FROM t
-- refused: not supported: array_to_string of elements of an unknown type, or with a text for NULLs

SELECT ARRAY[1.5, 2.5]::integer[]
-- refused: not supported: ARRAY[1.5, 2.5] of array as another array

SELECT id FROM t WHERE name ~* 'STRASSE [A-Z]'
-- becomes
SELECT id FROM t WHERE regexp_like(lower(name), 'strasse [a-z]')

SELECT id FROM t WHERE name ~* '[A-z]'
-- refused: not supported: a range of letters and others without regard to case in a regular expression, which Athena and Lakegate read differently

SELECT id FROM t WHERE (name !~ 'a') IS NULL
-- becomes
SELECT id FROM t WHERE ((NOT regexp_like(name, 'a'))) IS NULL

SELECT id FROM t WHERE name ~ 'a{,3}'
-- refused: not supported: { that counts nothing in a regular expression, which Athena and Lakegate read differently

SELECT regexp_replace(name, 'a?(ab)?', '#', 'g') FROM t
-- refused: not supported: a repeated group in a regular expression, which Athena and Lakegate read differently

SELECT doc::json -> '0' FROM t
-- refused: not supported: the JSON key 0, which may be an index in Athena

SELECT (doc::json -> 'a')::integer, n::json FROM t
-- refused: not supported: (doc::JSON -> 'a') of json as this type

SELECT (doc::json ->> 'a')::integer FROM t
-- becomes
SELECT CAST((coalesce(json_extract_scalar(CASE WHEN json_parse(doc) IS NOT NULL THEN doc END, '$.a'), CAST(json_extract(CASE WHEN json_parse(doc) IS NOT NULL THEN doc END, '$.a') AS varchar))) AS integer) FROM t

SELECT json_array_length(doc::json) FROM t
-- becomes
SELECT cardinality(CAST(json_parse(doc) AS array(json))) FROM t

SELECT CASE d WHEN '2024-01-31' THEN 1 END FROM t
-- becomes
SELECT CASE d WHEN DATE '2024-01-31' THEN 1 END FROM t

SELECT round(*, 2) FROM t
-- refused: not supported: the argument *

SELECT a.id FROM a, unnest(ARRAY[1, 2]) AS u (i) RIGHT JOIN b ON b.i = u.i
-- becomes
SELECT a.id FROM a, UNNEST(ARRAY[1, 2]) AS u (i) RIGHT JOIN b ON b.i = u.i

SELECT width_bucket(x, 0, 10, 5) FROM t
-- refused: not supported: the function width_bucket, which Athena does not have with this meaning

SELECT count(DISTINCT (city, name)) FROM t
-- becomes
SELECT count(DISTINCT (city, name)) FROM t

SELECT greatest(greatest(n, id), 3) FROM t
-- becomes
SELECT coalesce(greatest(coalesce(greatest(n, id), n, id), 3), coalesce(greatest(n, id), n, id), 3) FROM t

SELECT id FROM t WHERE n NOT IN (SELECT n FROM u)
-- becomes
SELECT id FROM t WHERE n NOT IN (SELECT n FROM u)

SELECT sum(x) OVER (ORDER BY d RANGE BETWEEN interval '1 day' PRECEDING AND CURRENT ROW) FROM t
-- becomes
SELECT sum(x) OVER (ORDER BY d RANGE BETWEEN INTERVAL '1' DAY PRECEDING AND CURRENT ROW) FROM t

SELECT city FROM t ORDER BY city DESC, n NULLS FIRST LIMIT 5 OFFSET 2
-- becomes
SELECT city FROM t ORDER BY city DESC NULLS FIRST, n NULLS FIRST OFFSET 2 LIMIT 5

SELECT * FROM (SELECT id FROM t ORDER BY id DESC LIMIT 3) AS u
-- becomes
SELECT * FROM (SELECT id FROM t ORDER BY id DESC NULLS FIRST LIMIT 3) AS u

SELECT v / 2 FROM (SELECT n AS v FROM t UNION ALL SELECT amount FROM u) AS s
-- refused: not supported: the division v / 2 of unknown type by integer, whose digits differ in Athena

SELECT id / 2 FROM (SELECT id FROM t UNION ALL SELECT id FROM u) AS s
-- becomes
SELECT id / 2 FROM (SELECT id FROM t UNION ALL SELECT id FROM u) AS s

SELECT round(n) FROM (SELECT n FROM t UNION ALL VALUES (1.5)) AS s
-- refused: not supported: round of a double or of an unknown type, whose halves Athena rounds otherwise

SELECT n / 2 FROM (SELECT n, id FROM t UNION ALL SELECT * FROM u) AS s
-- refused: not supported: the division n / 2 of unknown type by integer, whose digits differ in Athena

SELECT id FROM t WHERE r > x AND r * x > 1e0::float8
-- becomes
SELECT id FROM t WHERE r > x AND r * x > CAST('1e0' AS double)
