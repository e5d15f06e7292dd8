SELECT name LIKE 'a%', name LIKE 'a\%' FROM t
-- becomes
SELECT name LIKE 'a%', name LIKE 'a\%' ESCAPE '' FROM t

SELECT name LIKE 'a!%' ESCAPE '!' FROM t
-- becomes
SELECT name LIKE 'a!%' ESCAPE '!' FROM t

SELECT regexp_like(name, '^[a-z]+$') FROM t
-- becomes
SELECT (name ~ '^[a-z]+\n?$') FROM t

SELECT regexp_like(name, 'a.c') FROM t
-- becomes
SELECT (name ~ 'a[^\n]c') FROM t

SELECT regexp_like(name, '\bword\b') FROM t
-- refused: not supported: \b in a regular expression, which Athena and Lakegate read differently

SELECT regexp_extract(name, '[0-9]+') FROM t
-- becomes
SELECT substring(name, '[0-9]+') FROM t

SELECT regexp_extract(name, 'a([0-9]+)', 1) FROM t
-- becomes
SELECT substring(name, 'a([0-9]+)') FROM t

SELECT regexp_extract(name, '(a)(b)', 2) FROM t
-- refused: not supported: regexp_extract of one among several groups

SELECT regexp_replace(name, '[0-9]+', '#'), regexp_replace(name, '[0-9]+') FROM t
-- becomes
SELECT regexp_replace(name, '[0-9]+', '#', 'g'), regexp_replace(name, '[0-9]+', '', 'g') FROM t

SELECT regexp_replace(name, '(a)(b)', '$2-$1') FROM t
-- becomes
SELECT regexp_replace(name, '(a)(b)', '\2-\1', 'g') FROM t

SELECT regexp_replace(name, 'a', x -> upper(x[1])) FROM t
-- refused: not supported: lambda functions (x -> …)

SELECT upper(name), lower(name), length(name), strpos(name, 'a'), reverse(name) FROM t
-- becomes
SELECT upper(name), lower(name), length(name), strpos(name, 'a'), reverse(name) FROM t

SELECT trim(name) FROM t
-- becomes
SELECT btrim(name, '	
               　') FROM t

SELECT trim(BOTH 'x' FROM name) FROM t
-- becomes
SELECT TRIM(BOTH 'x' FROM name) FROM t

SELECT substr(name, 2, 3), substring(name, 2) FROM t
-- becomes
SELECT substr(name, 2, 3), substr(name, 2) FROM t

SELECT substr(name, -3) FROM t
-- refused: not supported: Athena's function substr, which Lakegate does not have with this meaning

SELECT split_part(name, ',', 1) FROM t
-- refused: not supported: Athena's function split_part, which Lakegate does not have with this meaning

SELECT concat(name, '-', city) FROM t
-- becomes
SELECT (name || '-' || city) FROM t

SELECT replace(name, 'a', 'b'), replace(name, 'a') FROM t
-- becomes
SELECT replace(name, 'a', 'b'), replace(name, 'a', '') FROM t

SELECT date_format(ts, '%Y-%m-%d %H:%i:%s') FROM t
-- becomes
SELECT to_char(CAST(ts AS timestamp(3)), 'YYYY-MM-DD HH24:MI:SS') FROM t

SELECT date_format(ts, '%T, %W %M') FROM t
-- becomes
SELECT to_char(CAST(ts AS timestamp(3)), 'HH24:MI:SS, FMDay FMMonth') FROM t

SELECT date_format(ts, '%y') FROM t
-- refused: not supported: the mask '%y'

SELECT date_parse(s, '%Y-%m-%d') FROM t
-- becomes
SELECT CAST(to_timestamp(s, 'YYYY-MM-DD') AS timestamp) FROM t

SELECT format_datetime(ts, 'yyyy') FROM t
-- refused: not supported: Athena's function format_datetime, which Lakegate does not have with this meaning

SELECT from_unixtime(n) FROM t
-- becomes
SELECT to_timestamp(n) FROM t

SELECT to_unixtime(ts) FROM t
-- refused: not supported: Athena's function to_unixtime, which Lakegate does not have with this meaning

SELECT date_trunc('month', ts), date_trunc('month', d) FROM t
-- becomes
SELECT date_trunc('month', ts), CAST(date_trunc('month', d) AS date) FROM t

SELECT date_add('day', 7, d), date_add('hour', -1, ts) FROM t
-- becomes
SELECT CAST((d + INTERVAL '7 day') AS date), (ts + INTERVAL '-1 hour') FROM t

SELECT date_diff('day', born, d) FROM t
-- becomes
SELECT (d - born) FROM t

SELECT date_diff('hour', created, ts) FROM t
-- refused: not supported: date_diff but of days between dates

SELECT year(d), month(d), day(d), quarter(d), day_of_week(d), week(d) FROM t
-- becomes
SELECT CAST(EXTRACT(YEAR FROM d) AS bigint), CAST(EXTRACT(MONTH FROM d) AS bigint), CAST(EXTRACT(DAY FROM d) AS bigint), CAST(EXTRACT(QUARTER FROM d) AS bigint), CAST(EXTRACT(ISODOW FROM d) AS bigint), CAST(EXTRACT(WEEK FROM d) AS bigint) FROM t

SELECT extract(year FROM d), extract(dow FROM d), extract(hour FROM ts) FROM t
-- becomes
SELECT CAST(EXTRACT(YEAR FROM d) AS bigint), CAST(EXTRACT(ISODOW FROM d) AS bigint), CAST(EXTRACT(HOUR FROM ts) AS bigint) FROM t

SELECT extract(year FROM unknown_column) FROM t
-- refused: not supported: the field YEAR of an unknown type

SELECT d + INTERVAL '1' DAY, ts - INTERVAL '2' HOUR FROM t
-- becomes
SELECT CAST((d + INTERVAL '1 day') AS date), ts - INTERVAL '2 hour' FROM t

SELECT d - born FROM t
-- refused: not supported: d - born, which is an interval of milliseconds in Athena

SELECT at AT TIME ZONE 'Europe/Paris' FROM t
-- refused: not supported: AT TIME ZONE, which in Athena keeps the moment and its zone

SELECT now(), current_date, current_timestamp
-- becomes
SELECT now(), current_date, current_timestamp

SELECT approx_distinct(city) FROM t
-- becomes
SELECT count(DISTINCT city) FROM t

SELECT approx_distinct(city, 0.01) FROM t
-- refused: not supported: Athena's function approx_distinct of 2 arguments, which Lakegate does not have with this meaning

SELECT approx_percentile(x, 0.5) FROM t
-- becomes
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY x) FROM t

SELECT approx_percentile(x, ARRAY[0.5, 0.9]) FROM t
-- refused: not supported: Athena's function approx_percentile, which Lakegate does not have with this meaning

SELECT count_if(flag), bool_and(flag), every(flag) FROM t
-- becomes
SELECT count(*) FILTER (WHERE flag), bool_and(flag), bool_and(flag) FROM t

SELECT arbitrary(city), any_value(city) FROM t
-- becomes
SELECT min(city), min(city) FROM t

SELECT max_by(name, n), min_by(name, n) FROM t
-- becomes
SELECT (array_agg(name ORDER BY n DESC) FILTER (WHERE n IS NOT NULL))[1], (array_agg(name ORDER BY n) FILTER (WHERE n IS NOT NULL))[1] FROM t

SELECT max_by(name, n, 3) FROM t
-- refused: not supported: Athena's function max_by, which Lakegate does not have with this meaning

SELECT array_agg(n ORDER BY n DESC) FROM t
-- becomes
SELECT array_agg(n ORDER BY n DESC NULLS LAST) FROM t

SELECT listagg(name, ',') WITHIN GROUP (ORDER BY name) FROM t
-- becomes
SELECT string_agg(name, ',' ORDER BY name) FROM t

SELECT count(*) FILTER (WHERE n > 1), count(DISTINCT city) FROM t
-- becomes
SELECT count(*) FILTER (WHERE n > 1), count(DISTINCT city) FROM t

SELECT avg(x), avg(n), sum(amount) FROM t
-- becomes
SELECT avg(x), avg(CAST(n AS double precision)), sum(amount) FROM t

SELECT avg(amount) FROM t
-- refused: not supported: avg of a decimal or of an unknown type, which Athena rounds to the digits of its input

SELECT map_agg(name, n) FROM t
-- refused: not supported: Athena's function map_agg, which Lakegate does not have with this meaning

SELECT round(amount, 2), round(n) FROM t
-- becomes
SELECT round(amount, 2), n FROM t

SELECT round(x) FROM t
-- refused: not supported: Athena's function round, which Lakegate does not have with this meaning

SELECT abs(n), ceil(x), floor(n), power(x, 2), ln(x), mod(n, 2), pi() FROM t
-- becomes
SELECT abs(n), CEIL(x), n, power(x, 2), ln(x), mod(n, 2), pi() FROM t

SELECT truncate(x) FROM t
-- becomes
SELECT trunc(x) FROM t

SELECT soundex(name) FROM t
-- refused: not supported: Athena's function soundex, which Lakegate does not have with this meaning

SELECT geometric_mean(x) FROM t
-- refused: not supported: Athena's function geometric_mean, which Lakegate does not have with this meaning

SELECT checksum(n) FROM t
-- refused: not supported: Athena's function checksum, which Lakegate does not have with this meaning
