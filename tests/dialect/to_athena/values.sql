SELECT s::text, n::bigint, n::smallint, n::float8, n::real FROM t

SELECT n::numeric(10, 2), n::numeric FROM t

SELECT s::numeric FROM t

SELECT s::numeric(10, 2) FROM t

SELECT s::numeric(50, 2) FROM t

SELECT CAST(s AS varchar(10)) FROM t

SELECT s::char(10) FROM t

SELECT s::int FROM t

SELECT x::int FROM t

SELECT unknown_column::int FROM t

SELECT x::text FROM t

SELECT amount::text, d::text, n::text, flag::text FROM t

SELECT ts::text FROM t

SELECT s::date, s::timestamp FROM t

SELECT s::timestamptz FROM t

SELECT ts::date, d::timestamp FROM t

SELECT s::bytea FROM t

SELECT s::uuid FROM t

SELECT ARRAY[1, 2]::bigint[] FROM t

SELECT '{1,2}'::int[] FROM t

SELECT s::json FROM t

SELECT s::interval FROM t

SELECT '2024-01-31'::date, '2024-01-31 12:00:00'::timestamp

SELECT '2024-01-31T12:00:00Z'::timestamptz

SELECT '2024-01-31 12:00:00'::timestamptz

SELECT 'tomorrow'::date

SELECT DATE '2024-01-31', TIMESTAMP '2024-01-31 12:00:00.5'

SELECT TIMESTAMP WITH TIME ZONE '2024-01-31 12:00:00+02'

SELECT 1.5, 1e3

SELECT 1e3::float8

SELECT E'a\tb', $$it's$$, 'it''s'

SELECT B'101'

SELECT true, false, NULL

SELECT n / 2 FROM t

SELECT n / 2.0 FROM t

SELECT amount / n FROM t

SELECT x / n, n / x FROM t

SELECT sum(n) / count(*) FROM t

SELECT sum(n)::float8 / count(*) FROM t

SELECT extract(year FROM d) / 4 FROM t

SELECT extract(year FROM d)::int / 4 FROM t

SELECT n % 3, n * 2, n - 1, n + 1, -n FROM t

SELECT n ^ 2 FROM t

SELECT n & 1, n | 2 FROM t

SELECT n << 1 FROM t

SELECT |/ n FROM t

SELECT name || city FROM t

SELECT name || n FROM t

SELECT name || x FROM t

SELECT tags || tags FROM t

SELECT ARRAY[1] || ARRAY[2] FROM t

SELECT name = 'a', d = '2024-01-31', ts >= '2024-01-31' FROM t

SELECT id FROM t WHERE d BETWEEN '2024-01-01' AND '2024-01-31'

SELECT id FROM t WHERE d IN ('2024-01-01', '2024-01-02')

SELECT id FROM t WHERE at > '2024-01-01 00:00:00+00'

SELECT id FROM t WHERE at > '2024-01-01'

SELECT id FROM t WHERE n = '5'

SELECT id FROM t WHERE unknown_column = '5'

SELECT id FROM t WHERE d = 'yesterday'

SELECT id FROM t WHERE flag IS TRUE

SELECT id FROM t WHERE flag IS NOT TRUE

SELECT id FROM t WHERE flag IS FALSE

SELECT id FROM t WHERE flag IS NOT FALSE

SELECT id FROM t WHERE flag IS UNKNOWN

SELECT id FROM t WHERE flag IS NOT UNKNOWN

SELECT id FROM t WHERE n IS NULL OR s IS NOT NULL

SELECT id FROM t WHERE n IS DISTINCT FROM 3 AND n IS NOT DISTINCT FROM id

SELECT id FROM t WHERE NOT flag AND n != 3

SELECT CASE WHEN n > 1 THEN 'a' ELSE 'b' END, CASE n WHEN 1 THEN 2 END FROM t

SELECT coalesce(s, 'none'), nullif(n, 0) FROM t

SELECT greatest(n, id), least(n, 3) FROM t

SELECT greatest(n, id, 3) FROM t

SELECT name COLLATE "C" FROM t

SELECT current_user

SELECT version()
