SELECT s::text, n::bigint, n::smallint, n::float8, n::real FROM t
-- becomes
SELECT CAST(s AS varchar), CAST(n AS bigint), CAST(n AS smallint), CAST(n AS double), CAST(n AS real) FROM t

SELECT n::numeric(10, 2), n::numeric FROM t
-- becomes
SELECT CAST(n AS decimal(10, 2)), CAST(n AS decimal(38, 0)) FROM t

SELECT s::numeric FROM t
-- refused: not supported: numeric without a precision, which Athena would round

SELECT s::numeric(10, 2) FROM t
-- becomes
SELECT CAST(s AS decimal(10, 2)) FROM t

SELECT s::numeric(50, 2) FROM t
-- refused: not supported: numeric of more than 38 digits

SELECT CAST(s AS varchar(10)) FROM t
-- becomes
SELECT CAST(s AS varchar(10)) FROM t

SELECT s::char(10) FROM t
-- refused: not supported: the type CHAR(10), which has no exact counterpart

SELECT s::int FROM t
-- becomes
SELECT CAST(s AS integer) FROM t

SELECT x::int FROM t
-- refused: not supported: x of double as an integer: halves round to even here and up there

SELECT unknown_column::int FROM t
-- refused: not supported: unknown_column of unknown type as an integer: halves round to even here and up there

SELECT x::text FROM t
-- refused: not supported: x of double as text, which Athena prints otherwise

SELECT amount::text, d::text, n::text, flag::text FROM t
-- becomes
SELECT CAST(amount AS varchar), CAST(d AS varchar), CAST(n AS varchar), CAST(flag AS varchar) FROM t

SELECT ts::text FROM t
-- refused: not supported: ts of timestamp as text, which Athena prints otherwise

SELECT s::date, s::timestamp FROM t
-- becomes
SELECT CAST(CAST(s AS timestamp(6)) AS date), CAST(s AS timestamp(6)) FROM t

SELECT s::timestamptz FROM t
-- becomes
SELECT at_timezone(CAST(s AS timestamp(6) with time zone), 'UTC') FROM t

SELECT ts::date, d::timestamp FROM t
-- becomes
SELECT CAST(ts AS date), CAST(d AS timestamp(6)) FROM t

SELECT s::bytea FROM t
-- refused: not supported: s of text as bytes

SELECT s::uuid FROM t
-- refused: not supported: s of text as this type

SELECT ARRAY[1, 2]::bigint[] FROM t
-- becomes
SELECT CAST(ARRAY[1, 2] AS array(bigint)) FROM t

SELECT '{1,2}'::int[] FROM t
-- refused: not supported: '{1,2}' of text as an array

SELECT s::json FROM t
-- becomes
SELECT json_parse(s) FROM t

SELECT s::interval FROM t
-- refused: not supported: s of text as this type

SELECT '2024-01-31'::date, '2024-01-31 12:00:00'::timestamp
-- becomes
SELECT DATE '2024-01-31', TIMESTAMP '2024-01-31 12:00:00'

SELECT '2024-01-31T12:00:00Z'::timestamptz
-- becomes
SELECT TIMESTAMP '2024-01-31 12:00:00 UTC'

SELECT '2024-01-31 12:00:00'::timestamptz
-- refused: not supported: the moment '2024-01-31 12:00:00' without an offset, which each session reads in its own zone

SELECT 'tomorrow'::date
-- refused: not supported: the literal DATE 'tomorrow'

SELECT DATE '2024-01-31', TIMESTAMP '2024-01-31 12:00:00.5'
-- becomes
SELECT DATE '2024-01-31', TIMESTAMP '2024-01-31 12:00:00.5'

SELECT TIMESTAMP WITH TIME ZONE '2024-01-31 12:00:00+02'
-- becomes
SELECT at_timezone(TIMESTAMP '2024-01-31 12:00:00 +02:00', 'UTC')

SELECT 1.5, 1e3
-- refused: not supported: the number 1e3, a numeric here and a double there

SELECT 1e3::float8
-- becomes
SELECT CAST('1e3' AS double)

SELECT E'a\tb', $$it's$$, 'it''s'
-- becomes
SELECT 'a	b', 'it''s', 'it''s'

SELECT B'101'
-- refused: not supported: the literal B'101'

SELECT true, false, NULL
-- becomes
SELECT true, false, NULL

SELECT n / 2 FROM t
-- becomes
SELECT n / 2 FROM t

SELECT n / 2.0 FROM t
-- refused: not supported: the division n / 2.0 of integer by decimal, whose digits differ in Athena

SELECT amount / n FROM t
-- refused: not supported: the division amount / n of decimal by integer, whose digits differ in Athena

SELECT x / n, n / x FROM t
-- becomes
SELECT x / CASE WHEN (n = 0) AND (x IS NOT NULL) THEN 1 / 0 ELSE n END, n / CASE WHEN (x = 0) AND (n IS NOT NULL) THEN 1 / 0 ELSE x END FROM t

SELECT sum(n) / count(*) FROM t
-- refused: not supported: the division sum(n) / count(*) of decimal by integer, whose digits differ in Athena

SELECT sum(n)::float8 / count(*) FROM t
-- becomes
SELECT CAST(sum(n) AS double) / CASE WHEN (count(*) = 0) AND (CAST(sum(n) AS double) IS NOT NULL) THEN 1 / 0 ELSE count(*) END FROM t

SELECT extract(year FROM d) / 4 FROM t
-- refused: not supported: the division EXTRACT(YEAR FROM d) / 4 of decimal by integer, whose digits differ in Athena

SELECT extract(year FROM d)::int / 4 FROM t
-- becomes
SELECT CAST(EXTRACT(YEAR FROM d) AS integer) / 4 FROM t

SELECT n % 3, n * 2, n - 1, n + 1, -n FROM t
-- becomes
SELECT n % 3, n * 2, n - 1, n + 1, -n FROM t

SELECT n ^ 2 FROM t
-- becomes
SELECT power(n, 2) FROM t

SELECT n & 1, n | 2 FROM t
-- becomes
SELECT bitwise_and(n, 1), bitwise_or(n, 2) FROM t

SELECT n << 1 FROM t
-- refused: not supported: the operator <<

SELECT |/ n FROM t
-- refused: not supported: the operator |/

SELECT name || city FROM t
-- becomes
SELECT name || city FROM t

SELECT name || n FROM t
-- becomes
SELECT name || CAST(n AS varchar) FROM t

SELECT name || x FROM t
-- refused: not supported: || of double (x)

SELECT tags || tags FROM t
-- refused: not supported: || of arrays, one of which may be NULL

SELECT ARRAY[1] || ARRAY[2] FROM t
-- becomes
SELECT ARRAY[1] || ARRAY[2] FROM t

SELECT name = 'a', d = '2024-01-31', ts >= '2024-01-31' FROM t
-- becomes
SELECT name = 'a', d = DATE '2024-01-31', ts >= TIMESTAMP '2024-01-31' FROM t

SELECT id FROM t WHERE d BETWEEN '2024-01-01' AND '2024-01-31'
-- becomes
SELECT id FROM t WHERE d BETWEEN DATE '2024-01-01' AND DATE '2024-01-31'

SELECT id FROM t WHERE d IN ('2024-01-01', '2024-01-02')
-- becomes
SELECT id FROM t WHERE d IN (DATE '2024-01-01', DATE '2024-01-02')

SELECT id FROM t WHERE at > '2024-01-01 00:00:00+00'
-- becomes
SELECT id FROM t WHERE at > TIMESTAMP '2024-01-01 00:00:00 +00:00'

SELECT id FROM t WHERE at > '2024-01-01'
-- refused: not supported: the moment '2024-01-01' without an offset, which each session reads in its own zone

SELECT id FROM t WHERE n = '5'
-- refused: not supported: '5' beside a value of integer

SELECT id FROM t WHERE unknown_column = '5'
-- refused: not supported: '5' beside a value of unknown type

SELECT id FROM t WHERE d = 'yesterday'
-- refused: not supported: 'yesterday' beside a value of date

SELECT id FROM t WHERE flag IS TRUE
-- becomes
SELECT id FROM t WHERE coalesce(flag, false)

SELECT id FROM t WHERE flag IS NOT TRUE
-- becomes
SELECT id FROM t WHERE (NOT coalesce(flag, false))

SELECT id FROM t WHERE flag IS FALSE
-- becomes
SELECT id FROM t WHERE (NOT coalesce(flag, true))

SELECT id FROM t WHERE flag IS NOT FALSE
-- becomes
SELECT id FROM t WHERE coalesce(flag, true)

SELECT id FROM t WHERE flag IS UNKNOWN
-- becomes
SELECT id FROM t WHERE flag IS NULL

SELECT id FROM t WHERE flag IS NOT UNKNOWN
-- becomes
SELECT id FROM t WHERE flag IS NOT NULL

SELECT id FROM t WHERE n IS NULL OR s IS NOT NULL
-- becomes
SELECT id FROM t WHERE n IS NULL OR s IS NOT NULL

SELECT id FROM t WHERE n IS DISTINCT FROM 3 AND n IS NOT DISTINCT FROM id
-- becomes
SELECT id FROM t WHERE n IS DISTINCT FROM 3 AND n IS NOT DISTINCT FROM id

SELECT id FROM t WHERE NOT flag AND n != 3
-- becomes
SELECT id FROM t WHERE NOT flag AND n <> 3

SELECT CASE WHEN n > 1 THEN 'a' ELSE 'b' END, CASE n WHEN 1 THEN 2 END FROM t
-- becomes
SELECT CASE WHEN n > 1 THEN 'a' ELSE 'b' END, CASE n WHEN 1 THEN 2 END FROM t

SELECT coalesce(s, 'none'), nullif(n, 0) FROM t
-- becomes
SELECT coalesce(s, 'none'), nullif(n, 0) FROM t

SELECT greatest(n, id), least(n, 3) FROM t
-- becomes
SELECT coalesce(greatest(n, id), n, id), coalesce(least(n, 3), n, 3) FROM t

SELECT greatest(n, id, 3) FROM t
-- refused: not supported: greatest of more than two values

SELECT name COLLATE "C" FROM t
-- refused: not supported: COLLATE

SELECT current_user
-- refused: not supported: the function current_user, which Athena does not have with this meaning

SELECT version()
-- refused: not supported: the function version, which Athena does not have with this meaning
