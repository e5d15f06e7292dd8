SELECT id FROM t WHERE d = '2024-01-31'
-- refused: not supported: d of date beside '2024-01-31' of text

SELECT id FROM t WHERE ts BETWEEN '2024-01-01' AND '2024-01-31'
-- refused: not supported: ts of timestamp beside '2024-01-01' of text

SELECT id FROM t WHERE n IN ('1', '2')
-- refused: not supported: n of integer beside '1' of text

SELECT id FROM t WHERE d IN (DATE '2024-01-01', DATE '2024-01-02')
-- becomes
SELECT id FROM t WHERE d IN (DATE '2024-01-01', DATE '2024-01-02')

SELECT CASE d WHEN 'x' THEN 1 END FROM t
-- refused: not supported: d of date beside 'x' of text

SELECT id FROM t WHERE r = 1.1
-- refused: not supported: r of real beside 1.1 of decimal

SELECT r * 2 FROM t
-- refused: not supported: a product of a real, or of an interval

SELECT sum(r) FROM t
-- refused: not supported: sum of a real, which Athena reckons in other digits

SELECT avg(n), stddev(n), corr(n, x) FROM t
-- becomes
SELECT avg(CAST(n AS double precision)), stddev(CAST(n AS double precision)), corr(n, x) FROM t

SELECT avg(n) / 2 FROM t
-- becomes
SELECT avg(CAST(n AS double precision)) / 2 FROM t

SELECT max(n, 3) FROM t
-- refused: not supported: Athena's function max of 2 arguments, which Lakegate does not have with this meaning

SELECT count(*), count(n) FROM t
-- becomes
SELECT count(*), count(n) FROM t

SELECT contains(tags, name) FROM t
-- becomes
SELECT CASE WHEN name IS NOT NULL THEN (name = ANY(tags)) END FROM t

SELECT NOT contains(tags, 'a') FROM t
-- becomes
SELECT NOT ('a' = ANY(tags)) FROM t

SELECT element_at(split(name, ','), 2) FROM t
-- becomes
SELECT (CASE WHEN name = '' THEN ARRAY[''] ELSE string_to_array(name, ',') END)[2] FROM t

SELECT tags[5] FROM t
-- refused: not supported: an element by x[1], which fails in Athena behind the end

SELECT array_remove(tags, name) FROM t
-- refused: not supported: Athena's function array_remove, which Lakegate does not have with this meaning

SELECT array_join(array_agg(name), ',') FROM t
-- becomes
SELECT array_to_string(array_agg(name), ',') FROM t

SELECT power(n, 0.5), sqrt(amount), ln(x) FROM t
-- becomes
SELECT power(n, CAST(0.5 AS double precision)), sqrt(CAST(amount AS double precision)), ln(x) FROM t

SELECT round(n, -1), round(n) FROM t
-- becomes
SELECT CAST(round(n, -1) AS bigint), n FROM t

SELECT CAST(x AS decimal(10, 2)) FROM t
-- refused: not supported: CAST(x AS DECIMAL(10,2)) of double, which rounds or prints otherwise

SELECT CAST(floor(x) AS bigint) FROM t
-- becomes
SELECT CAST(FLOOR(x) AS bigint) FROM t

SELECT CAST(amount AS varchar), CAST(CAST(n AS decimal(5, 1)) AS varchar) FROM t
-- becomes
SELECT CAST(amount AS text), CAST(CAST(n AS numeric(5, 1)) AS text) FROM t

SELECT CAST(round(amount, 1) AS varchar) FROM t
-- refused: not supported: CAST(round(amount, 1) AS VARCHAR) of decimal, which rounds or prints otherwise

SELECT n::varchar FROM t
-- refused: not supported: the cast n::VARCHAR

SELECT TIMESTAMP '2024-01-31 00:30:00 +02:00'
-- refused: not supported: the moment '2024-01-31 00:30:00 +02:00' in another zone than UTC

SELECT TIMESTAMP '2024-01-31 12:00:00.123456'
-- becomes
SELECT TIMESTAMP '2024-01-31 12:00:00.123456'

SELECT DATE 'tomorrow'
-- refused: not supported: the literal DATE 'tomorrow'

SELECT ts - created FROM t
-- refused: not supported: ts - created, which is an interval of milliseconds in Athena

SELECT d + INTERVAL '1' HOUR FROM t
-- refused: not supported: a date moved by other than days, months or years

SELECT d + INTERVAL '1' MONTH, ts + INTERVAL '1' MONTH FROM t
-- becomes
SELECT CAST((d + INTERVAL '1 month') AS date), ts + INTERVAL '1 month' FROM t

SELECT ts + INTERVAL '1' HOUR * 1.5 FROM t
-- refused: not supported: a product of a real, or of an interval

SELECT date_add('hour', 1, d) FROM t
-- refused: not supported: this form of date_add

SELECT date_add('month', 1, ts), date_add('day', -1, d) FROM t
-- becomes
SELECT (ts + INTERVAL '1 month'), CAST((d + INTERVAL '-1 day') AS date) FROM t

SELECT date_add('day', n, d) FROM t
-- refused: not supported: this form of date_add

SELECT date_trunc('hour', d) FROM t
-- refused: not supported: date_trunc to 'hour'

SELECT date_diff('day', ts, created) FROM t
-- refused: not supported: date_diff but of days between dates

SELECT from_unixtime(x) FROM t
-- refused: not supported: Athena's function from_unixtime, which Lakegate does not have with this meaning

SELECT date_format(ts, '%f') FROM t
-- refused: not supported: the mask '%f'

SELECT date_format(ts, '%s%s'), date_format(d, '%Y') FROM t
-- refused: not supported: the mask '%s%s'

SELECT date_format(d, '%d%j') FROM t
-- refused: not supported: the mask '%d%j'

SELECT date_format(s, '%Y') FROM t
-- refused: not supported: date_format of an unknown type

SELECT date_parse(s, '%H:%i') FROM t
-- refused: not supported: date_parse without a year, or by weeks or names of days

SELECT date_parse(s, '%W %Y-%m-%d') FROM t
-- refused: not supported: date_parse without a year, or by weeks or names of days

SELECT date_parse(s, '%Y-%m-%d %H:%i:%s') FROM t
-- becomes
SELECT CAST(to_timestamp(s, 'YYYY-MM-DD HH24:MI:SS') AS timestamp) FROM t

SELECT format_datetime(ts, 'yyyy-MM-dd'), parse_datetime(s, 'yyyy') FROM t
-- refused: not supported: Athena's function format_datetime, which Lakegate does not have with this meaning

SELECT minute(ts), day_of_year(d) FROM t
-- becomes
SELECT CAST(EXTRACT(MINUTE FROM ts) AS bigint), CAST(EXTRACT(DOY FROM d) AS bigint) FROM t

SELECT year() FROM t
-- refused: not supported: Athena's function year, which Lakegate does not have with this meaning

SELECT upper(DISTINCT name) FROM t
-- refused: not supported: Athena's function upper, which Lakegate does not have with this meaning

SELECT regexp_extract(name, 'a?(?:ab)?') FROM t
-- refused: not supported: a repeated group in a regular expression, which Athena and Lakegate read differently

SELECT regexp_extract(name, '[a-z]+@[a-z.]+') FROM t
-- becomes
SELECT substring(name, '[a-z]+@[a-z.]+') FROM t

SELECT regexp_extract_all(name, '[0-9]+') FROM t
-- refused: not supported: Athena's function regexp_extract_all, which Lakegate does not have with this meaning

SELECT name LIKE '100\%' ESCAPE '\' FROM t
-- becomes
SELECT name LIKE '100\%' ESCAPE '\' FROM t

SELECT concat(name, NULL) FROM t
-- refused: not supported: Athena's function concat, which Lakegate does not have with this meaning

SELECT k, v FROM t CROSS JOIN UNNEST(m) AS u (k, v)
-- refused: not supported: UNNEST of several arrays, of maps or rows, or without names of columns

SELECT a.id FROM t AS a NATURAL JOIN u
-- refused: not supported: NATURAL joins, which Athena does not have

SELECT id FROM t ORDER BY n DESC, id OFFSET 2 ROWS LIMIT 5
-- becomes
SELECT id FROM t ORDER BY n DESC NULLS LAST, id LIMIT 5 OFFSET 2 ROWS

SELECT "$path" FROM t
-- becomes
SELECT "$path" FROM t

SELECT * FROM "orders$partitions"
-- becomes
SELECT * FROM "orders$partitions"

SELECT approx_percentile(x, 0.9), approx_distinct(n) FROM t
-- becomes
SELECT percentile_disc(0.9) WITHIN GROUP (ORDER BY x), count(DISTINCT n) FROM t

SELECT max_by(name, n) FILTER (WHERE flag) FROM t
-- refused: not supported: Athena's function max_by, which Lakegate does not have with this meaning

SELECT listagg(name) WITHIN GROUP (ORDER BY n) FROM t
-- refused: not supported: Athena's function listagg without a separator, which Lakegate does not have with this meaning

SELECT json_extract_scalar(doc, '$.a[1]'), json_extract_scalar(doc, '$.0') FROM t
-- refused: not supported: the JSON path '$.0'

SELECT CAST(json_extract(doc, '$.a') AS integer) FROM t
-- refused: not supported: CAST(json_extract(doc, '$.a') AS INTEGER) of json, which rounds or prints otherwise

SELECT try(CAST(s AS integer)) FROM t
-- refused: not supported: Athena's function try, which Lakegate does not have with this meaning

SELECT any_match(tags, x -> x = 'a') FROM t
-- refused: not supported: lambda functions (x -> …)

SELECT at_timezone(at, 'Europe/Paris') FROM t
-- refused: not supported: Athena's function at_timezone, which Lakegate does not have with this meaning

SELECT _col0 FROM (SELECT count(*) FROM t)
-- becomes
SELECT _col0 FROM (SELECT count(*) FROM t)

DELETE FROM t WHERE id = 1
-- refused: not supported: DELETE in Athena's dialect

EXECUTE q USING 1
-- refused: not supported: EXECUTE in Athena's dialect

VACUUM t
-- refused: not supported: VACUUM in Athena's dialect

SELECT v / 2 FROM (SELECT n AS v FROM t UNION ALL SELECT amount FROM u) AS s
-- refused: not supported: a division of decimals, whose digits differ in Athena

SELECT a.b.n / 2 FROM a
-- refused: not supported: a division of decimals, whose digits differ in Athena
