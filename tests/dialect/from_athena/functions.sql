SELECT name LIKE 'a%', name LIKE 'a\%' FROM t

SELECT name LIKE 'a!%' ESCAPE '!' FROM t

SELECT regexp_like(name, '^[a-z]+$') FROM t

SELECT regexp_like(name, 'a.c') FROM t

SELECT regexp_like(name, '\bword\b') FROM t

SELECT regexp_extract(name, '[0-9]+') FROM t

SELECT regexp_extract(name, 'a([0-9]+)', 1) FROM t

SELECT regexp_extract(name, '(a)(b)', 2) FROM t

SELECT regexp_replace(name, '[0-9]+', '#'), regexp_replace(name, '[0-9]+') FROM t

SELECT regexp_replace(name, '(a)(b)', '$2-$1') FROM t

SELECT regexp_replace(name, 'a', x -> upper(x[1])) FROM t

SELECT upper(name), lower(name), length(name), strpos(name, 'a'), reverse(name) FROM t

SELECT trim(name) FROM t

SELECT trim(BOTH 'x' FROM name) FROM t

SELECT substr(name, 2, 3), substring(name, 2) FROM t

SELECT substr(name, -3) FROM t

SELECT split_part(name, ',', 1) FROM t

SELECT concat(name, '-', city) FROM t

SELECT replace(name, 'a', 'b'), replace(name, 'a') FROM t

SELECT date_format(ts, '%Y-%m-%d %H:%i:%s') FROM t

SELECT date_format(ts, '%T, %W %M') FROM t

SELECT date_format(ts, '%y') FROM t

SELECT date_parse(s, '%Y-%m-%d') FROM t

SELECT format_datetime(ts, 'yyyy') FROM t

SELECT from_unixtime(n) FROM t

SELECT to_unixtime(ts) FROM t

SELECT date_trunc('month', ts), date_trunc('month', d) FROM t

SELECT date_add('day', 7, d), date_add('hour', -1, ts) FROM t

SELECT date_diff('day', born, d) FROM t

SELECT date_diff('hour', created, ts) FROM t

SELECT year(d), month(d), day(d), quarter(d), day_of_week(d), week(d) FROM t

SELECT extract(year FROM d), extract(dow FROM d), extract(hour FROM ts) FROM t

SELECT extract(year FROM unknown_column) FROM t

SELECT d + INTERVAL '1' DAY, ts - INTERVAL '2' HOUR FROM t

SELECT d - born FROM t

SELECT at AT TIME ZONE 'Europe/Paris' FROM t

SELECT now(), current_date, current_timestamp

SELECT approx_distinct(city) FROM t

SELECT approx_distinct(city, 0.01) FROM t

SELECT approx_percentile(x, 0.5) FROM t

SELECT approx_percentile(x, ARRAY[0.5, 0.9]) FROM t

SELECT count_if(flag), bool_and(flag), every(flag) FROM t

SELECT arbitrary(city), any_value(city) FROM t

SELECT max_by(name, n), min_by(name, n) FROM t

SELECT max_by(name, n, 3) FROM t

SELECT array_agg(n ORDER BY n DESC) FROM t

SELECT listagg(name, ',') WITHIN GROUP (ORDER BY name) FROM t

SELECT count(*) FILTER (WHERE n > 1), count(DISTINCT city) FROM t

SELECT avg(x), avg(n), sum(amount) FROM t

SELECT avg(amount) FROM t

SELECT map_agg(name, n) FROM t

SELECT round(amount, 2), round(n) FROM t

SELECT round(x) FROM t

SELECT abs(n), ceil(x), floor(n), power(x, 2), ln(x), mod(n, 2), pi() FROM t

SELECT truncate(x) FROM t

SELECT soundex(name) FROM t

SELECT geometric_mean(x) FROM t

SELECT checksum(n) FROM t
