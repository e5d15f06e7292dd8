SELECT now(), current_date, current_timestamp, localtimestamp

SELECT interval '1 day', interval '2 weeks', interval '-3 hours'

SELECT interval '1 month 3 days'

SELECT interval '1' day

SELECT interval '1.5 seconds'

SELECT interval '1.5 hours'

SELECT interval '01:30:00'

SELECT ts + interval '1 day', ts - interval '1 month 3 days' FROM t

SELECT ts + interval '1 hour' * n FROM t

SELECT interval '1 day' + ts FROM t

SELECT d + interval '1 month' FROM t

SELECT d + 7, d - 7, 7 + d, d - n FROM t

SELECT current_date - 30

SELECT d - born FROM t

SELECT ts - created FROM t

SELECT ts - d FROM t

SELECT unknown_column - interval '1 day' FROM t

SELECT one - two FROM t

SELECT id FROM t WHERE ts >= now() - interval '7 days'

SELECT date_trunc('month', ts), date_trunc('week', at) FROM t

SELECT date_trunc('month', d) FROM t

SELECT date_trunc('century', ts) FROM t

SELECT date_trunc('month', unknown_column) FROM t

SELECT extract(year FROM d), extract(month FROM ts), extract(week FROM d), extract(doy FROM d) FROM t

SELECT extract(dow FROM d), extract(isodow FROM d), extract(isoyear FROM d) FROM t

SELECT extract(epoch FROM ts), extract(epoch FROM d) FROM t

SELECT extract(epoch FROM ts - created) FROM t

SELECT extract(second FROM ts) FROM t

SELECT extract(hour FROM d) FROM t

SELECT extract(day FROM ts - created) FROM t

SELECT date_part('year', ts) FROM t

SELECT to_char(ts, 'YYYY-MM-DD HH24:MI:SS') FROM t

SELECT to_char(d, 'DD Mon YYYY') FROM t

SELECT to_char(ts, 'FMDay, FMMonth DD "at" HH12:MI AM') FROM t

SELECT to_char(d, 'Month') FROM t

SELECT to_char(d, 'Q') FROM t

SELECT to_char(d, 'IYYY-IW') FROM t

SELECT to_date(s, 'YYYY-MM-DD'), to_timestamp(s, 'YYYYMMDD') FROM t

SELECT to_timestamp(n) FROM t

SELECT at AT TIME ZONE 'Europe/Paris' FROM t

SELECT ts AT TIME ZONE 'Europe/Paris' FROM t

SELECT at AT TIME ZONE '+02' FROM t

SELECT age(ts) FROM t

SELECT make_date(2024, 1, 31)

SELECT date_bin('1 hour', ts, ts) FROM t
