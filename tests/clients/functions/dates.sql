SELECT 3 * interval '1 day', interval '1 day' * 2.5, interval '1 day' / 2, interval '1 month' / 7, 2.5 * interval '1 month 3 days'
SELECT (timestamp 'epoch' + 86400 * interval '1 second')
SELECT to_char(timestamp '2024-03-05 14:07:09.123456', 'YYYY-MM-DD HH24:MI:SS.US Day Mon DDD')
SELECT to_char(timestamptz '2024-03-05 14:07:09+00', 'YYYY-MM-DD TZ OF tz TZH:TZM'), to_char(date '2024-03-05', 'FMDay, FMDDth FMMonth YYYY')
SELECT to_char(interval '15h 2m 12s', 'HH24:MI:SS'), to_char(interval '1 year 2 mons 3 days', 'YYYY MM DD'), to_char(interval '90 days', 'DDD'), to_char(interval '-5 hours', 'HH24:MI')
SELECT to_char(timestamp '2024-12-30', 'IYYY IW ID IDDD'), to_char(date '0044-03-15 BC', 'YYYY-MM-DD BC'), to_char(timestamp '2024-03-05 00:30', 'HH12:MI AM a.m. P.M.')
SELECT to_char(timestamp '2024-03-05', 'Q WW W CC J RM'), to_char(timestamp '2024-03-05', 'yyyy mon dy month'), to_char(timestamp '2024-03-05','Dy DY Month MONTH|')
SELECT to_char(timestamp '2024-03-05 14:07:09', 'SSSS SSSSS'), to_char(timestamp '2024-03-05','"Quarter" Q \"x\"'), to_char(time '14:07:09', 'HH12:MI PM')
SELECT to_char(null::timestamp, 'YYYY'), to_char(timestamp '2024-03-05', null), to_char(timestamp '2024-03-05', '')
SELECT to_char(1234567.891, '9,999,999.99'), to_char(12, '000'), to_char(-5, 'S99'), to_char(0.5,'FM0.00'), to_char(5,'RN')
SELECT to_char(1234.5, '9G999D99'), to_char(1234.5, 'FM9,999.00'), to_char(-1234.5, '9,999.99PR'), to_char(1234.5, 'L9,999.99'), to_char(0, '9.99'), to_char(0, 'FM9.99'), to_char(0,'999')
SELECT to_char(12.34, '99V99'), to_char(485, 'FMRN'), to_char(3, '9th'), to_char(0.0004859, '9.99EEEE'), to_char(123456789, '9.99EEEE'), to_char(1.0/3, '0.999'), to_char(125.8::real, '999D99'), to_char(125, '999D9'), to_char(-125.8, '999D99S')
SELECT to_char(1e20::float8, '999'), to_char(0.1::float8, '0.9999999999'), to_char(12345.678::float8, '99999.99999999999'), to_char('NaN'::float8, '99.9'), to_char(100, 'FM999%'), to_char(0.456, 'FM990.0%')
SELECT to_char(.99, '9.9'), to_char(9.99,'9.9'), to_char(0.1,'.99'), to_char(-0.1,'9.99'), to_char(1,'MI9'), to_char(-1,'MI9'), to_char(-1,'9MI'), to_char(1,'SG9'), to_char(-12,'99SG'), to_char(12,'B99'), to_char(12, '"n="99')
SELECT to_char(1000000, 'FM9,999,999'), to_char(1000, 'FM9,999,999'), to_char(100, '9,999'), to_char(12345, 'FM999,999'), to_char(5, '09'), to_char(5,'FM09'), to_char(-5,'09'), to_char(1234567::bigint,'999G999G999')
SELECT to_number('1,234.5','9,999.9'), to_number('-12.3','S99.9'), to_number('12,454.8-', '99G999D9S'), to_number('$1,234', 'L9,999'), to_number('100%','999')
SELECT to_date('20240305','YYYYMMDD'), to_date('05 Mar 2024','DD Mon YYYY'), to_date('2024-065','YYYY-DDD'), to_date('03/05/24','MM/DD/YY'), to_date('March 5, 2024','Month DD, YYYY')
SELECT to_timestamp('2024-03-05 14:07:09.5','YYYY-MM-DD HH24:MI:SS.US'), to_timestamp(1700000000.5), to_timestamp(0), to_timestamp('2024-03-05T14:07:09','YYYY-MM-DD"T"HH24:MI:SS')
SELECT to_timestamp('05/03/2024 02:07 PM','DD/MM/YYYY HH12:MI AM'), to_timestamp('2024-03-05 14:07:09 +02','YYYY-MM-DD HH24:MI:SS TZH'), to_timestamp('2024','YYYY'), to_timestamp('1709647629','9')
SELECT to_date('2024-13-01','YYYY-MM-DD')
SELECT to_date('xx','YYYY')
SELECT to_timestamp('25:00','HH24:MI')
SELECT to_timestamp('13:00 PM','HH12:MI AM')
SELECT to_date('', 'YYYY'), to_date(null, 'YYYY')
SELECT age(timestamp '2024-03-05', timestamp '2020-02-29'), age(date '2024-03-05', date '2024-01-31'), age(timestamp '2020-02-29', timestamp '2024-03-05 12:00')
SELECT age(timestamptz '2024-03-05 00:00+00', timestamptz '2023-12-31 12:00+00'), age(timestamp '2001-04-10', timestamp '1957-06-13')
SELECT age(timestamp '1957-06-13') > interval '60 years', age(now()) IS NOT NULL
SELECT date_trunc('month', timestamptz '2024-03-05 03:00+00', 'America/Sao_Paulo'), date_trunc('quarter', date '2024-05-05'), date_trunc('week', timestamp '2024-03-05 12:00')
SELECT date_trunc('decade', timestamp '2024-03-05'), date_trunc('century', timestamp '2024-03-05'), date_trunc('millennium', timestamp '2024-03-05'), date_trunc('year', timestamp '2024-03-05'), date_trunc('hour', timestamp '2024-03-05 14:07:09')
SELECT date_trunc('minute', timestamp '2024-03-05 14:07:09'), date_trunc('second', timestamp '2024-03-05 14:07:09.5'), date_trunc('milliseconds', timestamp '2024-03-05 14:07:09.123456'), date_trunc('DAY', timestamp '2024-03-05 14:07')
SELECT date_trunc('hour', interval '1 day 14:07:09'), date_trunc('month', interval '1 year 2 months 3 days')
SELECT date_trunc('foo', timestamp '2024-03-05')
SELECT date_trunc('day', timestamptz '2024-03-05 03:00+00')
SELECT extract(epoch FROM timestamp '2024-03-05 14:07:09.5'), extract(dow FROM date '2024-03-05'), extract(isodow FROM date '2024-03-03'), extract(week FROM date '2024-01-01'), extract(doy FROM date '2024-03-05')
SELECT date_part('year', date '2024-03-05'), extract(century FROM date '2024-03-05'), extract(microseconds FROM time '01:02:03.5')
SELECT extract(second from timestamp '2024-03-05 14:07:09.5'), extract(milliseconds from timestamp '2024-03-05 14:07:09.5'), extract(minute from timestamp '2024-03-05 14:07:09.5'), extract(hour from timestamptz '2024-03-05 14:07:09.5+00'), extract(timezone from timestamptz '2024-03-05 14:07:09.5+00')
SELECT extract(epoch from interval '1 year 2 months 3 days 04:05:06'), extract(epoch from time '01:00'), extract(epoch from date '2024-03-05'), extract(epoch from timestamptz '2024-03-05 00:00+00'), extract(day from interval '40 days 5 hours'), extract(hour from interval '40 days 5 hours'), extract(month from interval '14 months')
SELECT extract(decade from date '2024-03-05'), extract(millennium from date '2024-03-05'), extract(isoyear from date '2024-12-30'), extract(julian from date '2024-03-05'), extract(quarter from date '2024-05-05'), extract(year from date '2024-05-05'), extract(month from date '2024-05-05'), extract(day from date '2024-05-05')
SELECT date_part('epoch', timestamp '2024-03-05 14:07:09.5'), date_part('second', timestamp '2024-03-05 14:07:09.5'), date_part('hour', date '2024-03-05'), date_part('dow', timestamptz '2024-03-05 00:00+00'), date_part('month', interval '14 months')
SELECT extract(foo from timestamp '2024-03-05')
SELECT extract(hour from date '2024-03-05')
SELECT extract(timezone from timestamp '2024-03-05')
SELECT date_bin('15 minutes', timestamp '2024-03-05 14:07', timestamp '2024-01-01'), date_bin('1 day', timestamptz '2024-03-05 14:07+00', timestamptz '2024-01-01 00:00+00'), date_bin('2.5 minutes', timestamp '2024-03-05 14:07', timestamp '2030-01-01')
SELECT make_time(8,15,23.5), make_date(2024,3,5), make_timestamp(2024,3,5,1,2,3.5), make_interval(days => 3), make_timestamptz(2024,3,5,1,2,3.5,'UTC')
SELECT make_interval(1,2,3,4,5,6,7.5), make_interval(secs => 10), make_interval(years => 2, hours => 3), make_interval(), make_interval(0, 0, 0, 5), make_timestamptz(2024,3,5,1,2,3.5)
SELECT make_date(2024,2,30)
SELECT make_time(25,0,0)
SELECT justify_hours(interval '27 hours'), justify_days(interval '35 days'), justify_interval(interval '1 mon -1 hour'), isfinite(timestamp '2024-03-05'), isfinite(date '2024-03-05'), isfinite(interval '1 day')
SELECT localtime IS NOT NULL, localtimestamp IS NOT NULL, current_time IS NOT NULL, timeofday() IS NOT NULL, clock_timestamp() >= now(), statement_timestamp() IS NOT NULL, transaction_timestamp() = now(), current_timestamp(0) IS NOT NULL, localtimestamp(2) IS NOT NULL
SELECT (date '2024-01-01', date '2024-02-01') OVERLAPS (date '2024-01-15', date '2024-03-01'), (date '2024-01-01', interval '10 days') OVERLAPS (date '2024-01-15', interval '1 day'), (timestamp '2024-01-01', timestamp '2024-02-01') OVERLAPS (timestamp '2024-02-01', timestamp '2024-03-01')
SELECT interval '1 year 2 months 3 days 04:05:06', interval '90 minutes', '1 mon'::interval, interval '1 day 01:00', interval '1-2' year to month, interval 'P1DT2H', interval '1' day, interval '2' hour, interval '10:20' minute to second
SELECT interval '@ 1 day ago', interval '-1 day +2 hours', interval '1.5 days', interval '1.5 months', interval '2 weeks', interval '1 decade', interval '100 ms', interval '04:05:06.789', interval '3 04:05:06'
SELECT interval '1 fortnight'
SELECT 'abc'::interval
SELECT (interval '1 year 2 months 3 days 04:05:06')::text, (interval '-1 day 02:00')::text, (interval '0')::text, interval '1 day 01:00'::text, (interval '1 month' - interval '1 day')::text
SELECT timestamp '2024-03-05 14:07', timestamptz '2024-03-05 03:00+00', timestamptz '2024-03-05 14:07:00 Europe/Paris', timestamp 'epoch', timestamptz '2024-03-05T14:07:09.123Z', timestamp '2024-03-05T14:07'
SELECT timestamp '20240305', timestamp 'Mar 5, 2024 2:07 PM', timestamp '5 March 2024', timestamp '3/5/2024', date '2024/03/05', date 'March 5 2024', date '05-Mar-2024', date '20240305', timestamp '2024-03-05 24:00:00', timestamptz '2024-03-05 14:07:00-03:30', timestamptz '2024-03-05 12:00 EST'
SELECT time '01:02', time '01:02:03.5', time '01:02 PM', time '040506', '14:07'::time, time '23:59:60'
SELECT 'now'::timestamptz > '2020-01-01', 'today'::date = current_date, 'tomorrow'::date - 'yesterday'::date, 'today'::timestamp = current_date
SELECT timestamp '2024-13-05'
SELECT timestamp '2024-02-30'
SELECT timestamp 'foo'
SELECT date '2024-03-05 14:07', '2024-03-05'::text::date, '2024-03-05 14:07'::text::timestamp
SELECT ''::date
SELECT '25:00'::time
SELECT timestamptz '2024-03-05 14:07 Foo/Bar'
SELECT * FROM generate_series(date '2024-01-01', date '2024-01-03', interval '1 day') d
SELECT * FROM generate_series(timestamp '2024-01-01', timestamp '2024-01-01 02:00', '1 hour') d
SELECT d::date FROM generate_series(timestamptz '2024-01-31 00:00+00', timestamptz '2024-05-01 00:00+00', interval '1 month') AS g(d)
SELECT count(*) FROM generate_series('2024-01-01'::timestamp, '2024-12-31', '1 day')
SELECT generate_series(timestamp '2024-01-03', timestamp '2024-01-01', '-1 day')
SELECT generate_series(1::int4, 10::int4, 3::int4)
SELECT generate_series(timestamp '2024-01-03', timestamp '2024-01-01', interval '0')
SELECT date '2024-01-31' + interval '1 month', timestamp '2024-01-31 10:00' - interval '1 month', timestamptz '2024-03-10 01:00-05' + interval '1 day', timestamp '2024-01-31' + '1 day'::interval * 2
SELECT now() - interval '1 day' < now(), current_date - 1 < current_date, date '2024-03-05' - date '2024-03-01', date '2024-03-05' + 3, timestamp '2024-03-05' - timestamp '2024-03-01 12:00'
SELECT (timestamp '2024-03-05' - timestamp '2024-03-01 12:00')::text, extract(epoch from timestamp '2024-03-05' - timestamp '2024-03-01 12:00'), extract(day from timestamp '2024-03-05' - timestamp '2024-03-01 12:00'), (timestamp '2024-03-05' - timestamp '2024-03-01 12:00') * 2, to_char(timestamp '2024-03-05' - timestamp '2024-03-01 12:00', 'DD HH24')
SELECT interval '1 month' > interval '29 days', interval '24 hours' = interval '1 day', interval '1 day' < '25 hours', interval '1 day' + interval '1 hour', - interval '1 day', interval '1 month' - interval '3 days'
SELECT date '2024-03-05' + time '14:07', time '14:07' + interval '1 hour', time '14:07' - interval '15 hours', time '14:07' - time '12:00', timestamp '2024-03-05 14:07'::time, timestamp '2024-03-05 14:07'::date, date '2024-03-05' = timestamp '2024-03-05'
SELECT timestamptz '2024-03-05 12:00+00' AT TIME ZONE 'Europe/Paris', timestamp '2024-03-05 12:00' AT TIME ZONE 'Europe/Paris', timestamptz '2024-03-05 12:00+00' AT TIME ZONE '+02:00', timestamptz '2024-03-05 12:00+00' AT TIME ZONE 'EST', timestamptz '2024-03-05 12:00+00' AT TIME ZONE interval '02:00'
SELECT timezone('UTC', timestamptz '2024-03-05 03:00+00'), timezone('America/Sao_Paulo', timestamp '2024-03-05 03:00')
SELECT '2024-03-05'::timestamptz AT TIME ZONE 'Europe/Paris', timestamp '2024-03-05' AT TIME ZONE 'Foo/Bar'
SELECT date '2024-03-05' > '2024-01-01', timestamp '2024-03-05' < now(), '2024-03-05' = date '2024-03-05', timestamp '2024-03-05 10:00' >= '2024-03-05 09:00', timestamp '2024-03-05' BETWEEN '2024-03-01' AND '2024-03-31'
SELECT floor(extract(epoch from timestamp '2024-03-05 14:07:09')/60)*60, (extract(epoch from timestamp '2024-03-05 14:07:09')/60)::bigint, extract(year from date '2024-03-05')::int, extract(year from date '2024-03-05') || '-x'
SELECT sum(extract(day from d)) FROM generate_series(timestamp '2024-01-01', timestamp '2024-01-03', '1 day') d
SELECT max(b - a), min(b - a) FROM (VALUES (timestamp '2024-01-01', timestamp '2024-01-02 12:00'), (timestamp '2024-01-01', timestamp '2024-01-01 12:00')) v(a,b)
SELECT d + interval '1 day' * n FROM (VALUES (date '2024-01-31', 1), (date '2024-02-28', 2)) v(d, n) ORDER BY 1
SELECT date_trunc('month', d)::date, count(*) FROM (VALUES (timestamp '2024-01-31'), (timestamp '2024-01-02'), (timestamp '2024-02-01')) v(d) GROUP BY 1 ORDER BY 1
SELECT timestamp '2024-03-05 14:07:09'::text, timestamptz '2024-03-05 14:07:09+00'::text, date '2024-03-05'::text, time '01:02'::text, now()::text IS NOT NULL, now()::date = current_date, now()::timestamp IS NOT NULL
SELECT current_date::text = to_char(now(), 'YYYY-MM-DD'), extract(year from current_date) >= 2024, date_part('year', now()) >= 2024
SELECT CAST('2024-03-05' AS date), CAST('2024-03-05 10:00' AS timestamp), '2024-03-05'::date::timestamp, '2024-03-05'::date::timestamptz, date('2024-03-05 10:00:00'::timestamp)
