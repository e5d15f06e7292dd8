SELECT now(), current_date, current_timestamp, localtimestamp
-- becomes
SELECT now(), current_date, current_timestamp, localtimestamp

SELECT interval '1 day', interval '2 weeks', interval '-3 hours'
-- becomes
SELECT INTERVAL '1' DAY, INTERVAL '14' DAY, -INTERVAL '3' HOUR

SELECT interval '1 month 3 days'
-- refused: not supported: INTERVAL '1 month 3 days' of several units by itself

SELECT interval '1' day
-- becomes
SELECT INTERVAL '1' DAY

SELECT interval '1.5 seconds'
-- becomes
SELECT INTERVAL '1.5' SECOND

SELECT interval '1.5 hours'
-- refused: not supported: the interval INTERVAL '1.5 hours'

SELECT interval '01:30:00'
-- refused: not supported: the interval INTERVAL '01:30:00'

SELECT ts + interval '1 day', ts - interval '1 month 3 days' FROM t
-- becomes
SELECT ts + INTERVAL '1' DAY, ts - INTERVAL '1' MONTH - INTERVAL '3' DAY FROM t

SELECT ts + interval '1 hour' * n FROM t
-- becomes
SELECT ts + (INTERVAL '1' HOUR * n) FROM t

SELECT interval '1 day' + ts FROM t
-- becomes
SELECT ts + INTERVAL '1' DAY FROM t

SELECT d + interval '1 month' FROM t
-- becomes
SELECT CAST(d AS timestamp(6)) + INTERVAL '1' MONTH FROM t

SELECT d + 7, d - 7, 7 + d, d - n FROM t
-- becomes
SELECT date_add('day', 7, d), date_add('day', -7, d), date_add('day', 7, d), date_add('day', -n, d) FROM t

SELECT current_date - 30
-- becomes
SELECT date_add('day', -30, current_date)

SELECT d - born FROM t
-- becomes
SELECT date_diff('day', born, d) FROM t

SELECT ts - created FROM t
-- refused: not supported: ts - created, which is an interval of milliseconds in Athena

SELECT ts - d FROM t
-- refused: not supported: ts - d, of timestamp and date

SELECT unknown_column - interval '1 day' FROM t
-- refused: not supported: unknown_column - INTERVAL '1 day', of unknown type and interval

SELECT one - two FROM t
-- refused: not supported: one - two, of unknown type and unknown type

SELECT id FROM t WHERE ts >= now() - interval '7 days'
-- becomes
SELECT id FROM t WHERE ts >= now() - INTERVAL '7' DAY

SELECT date_trunc('month', ts), date_trunc('week', at) FROM t
-- becomes
SELECT date_trunc('month', ts), date_trunc('week', at) FROM t

SELECT date_trunc('month', d) FROM t
-- becomes
SELECT date_trunc('month', CAST(d AS timestamp(3) with time zone)) FROM t

SELECT date_trunc('century', ts) FROM t
-- refused: not supported: date_trunc to 'century'

SELECT date_trunc('month', unknown_column) FROM t
-- refused: not supported: date_trunc of an unknown type

SELECT extract(year FROM d), extract(month FROM ts), extract(week FROM d), extract(doy FROM d) FROM t
-- becomes
SELECT EXTRACT(YEAR FROM d), EXTRACT(MONTH FROM ts), EXTRACT(WEEK FROM d), EXTRACT(DOY FROM d) FROM t

SELECT extract(dow FROM d), extract(isodow FROM d), extract(isoyear FROM d) FROM t
-- becomes
SELECT (day_of_week(d) % 7), day_of_week(d), year_of_week(d) FROM t

SELECT extract(epoch FROM ts), extract(epoch FROM d) FROM t
-- becomes
SELECT CAST(to_unixtime(ts) AS decimal(38, 6)), CAST(to_unixtime(CAST(d AS timestamp(6))) AS decimal(38, 6)) FROM t

SELECT extract(epoch FROM ts - created) FROM t
-- becomes
SELECT (CAST(to_unixtime(ts) AS decimal(38, 6)) - CAST(to_unixtime(created) AS decimal(38, 6))) FROM t

SELECT extract(second FROM ts) FROM t
-- refused: not supported: the field second of a moment

SELECT extract(hour FROM d) FROM t
-- refused: not supported: the field hour of d, which is not known to have it

SELECT extract(day FROM ts - created) FROM t
-- refused: not supported: ts - created, which is an interval of milliseconds in Athena

SELECT date_part('year', ts) FROM t
-- becomes
SELECT CAST(EXTRACT(YEAR FROM ts) AS double) FROM t

SELECT to_char(ts, 'YYYY-MM-DD HH24:MI:SS') FROM t
-- becomes
SELECT date_format(date_trunc('second', ts), '%Y-%m-%d %H:%i:%s') FROM t

SELECT to_char(d, 'DD Mon YYYY') FROM t
-- becomes
SELECT date_format(d, '%d %b %Y') FROM t

SELECT to_char(ts, 'FMDay, FMMonth DD "at" HH12:MI AM') FROM t
-- becomes
SELECT date_format(date_trunc('second', ts), '%W, %M %d at %h:%i %p') FROM t

SELECT to_char(d, 'Month') FROM t
-- refused: not supported: the mask 'Month'

SELECT to_char(d, 'Q') FROM t
-- refused: not supported: the mask 'Q'

SELECT to_char(d, 'IYYY-IW') FROM t
-- becomes
SELECT date_format(d, '%x-%v') FROM t

SELECT to_date(s, 'YYYY-MM-DD'), to_timestamp(s, 'YYYYMMDD') FROM t
-- becomes
SELECT CAST(date_parse(s, '%Y-%m-%d') AS date), CAST(date_parse(s, '%Y%m%d') AS timestamp(3) with time zone) FROM t

SELECT to_timestamp(n) FROM t
-- becomes
SELECT from_unixtime(n) FROM t

SELECT at AT TIME ZONE 'Europe/Paris' FROM t
-- becomes
SELECT CAST(at AT TIME ZONE 'Europe/Paris' AS timestamp(6)) FROM t

SELECT ts AT TIME ZONE 'Europe/Paris' FROM t
-- refused: not supported: a timestamp in a zone whose clocks change

SELECT at AT TIME ZONE '+02' FROM t
-- refused: not supported: the time zone '+02'

SELECT age(ts) FROM t
-- refused: not supported: the function age, which Athena does not have with this meaning

SELECT make_date(2024, 1, 31)
-- refused: not supported: the function make_date, which Athena does not have with this meaning

SELECT date_bin('1 hour', ts, ts) FROM t
-- refused: not supported: the function date_bin, which Athena does not have with this meaning
