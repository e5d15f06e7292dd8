SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x) FROM (VALUES (1::int4),(2::int4),(3::int4),(4::int4)) v(x)
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY x) FROM (VALUES (1::int4),(2::int4),(3::int4),(4::int4)) v(x)
SELECT percentile_cont(ARRAY[0.25,0.5]) WITHIN GROUP (ORDER BY x) FROM (VALUES (1::int4),(2::int4),(3::int4),(4::int4)) v(x)
SELECT percentile_disc(ARRAY[0.25,0.5,1]) WITHIN GROUP (ORDER BY x) FROM (VALUES ('a'),('b'),('c'),(null)) v(x)
SELECT mode() WITHIN GROUP (ORDER BY x) FROM (VALUES (1::int4),(2::int4),(2::int4)) v(x)
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x DESC), percentile_disc(0.1) WITHIN GROUP (ORDER BY x DESC) FROM (VALUES (1::int4),(2::int4),(3::int4),(40::int4)) v(x)
SELECT g, percentile_cont(0.9) WITHIN GROUP (ORDER BY x), percentile_disc(0.9) WITHIN GROUP (ORDER BY x), mode() WITHIN GROUP (ORDER BY x) FROM (VALUES ('a',1.5),('a',2.5),('b',3),('b',null)) v(g,x) GROUP BY g ORDER BY g
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x) FROM (VALUES (interval '1 day'),(interval '3 days')) v(x)
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY x) FROM (VALUES (timestamp '2024-01-01'),(timestamp '2024-02-01')) v(x)
SELECT percentile_cont(1.5) WITHIN GROUP (ORDER BY x) FROM (VALUES (1),(2)) v(x)
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x) FILTER (WHERE x > 1) FROM (VALUES (1),(2),(3)) v(x)
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x), mode() WITHIN GROUP (ORDER BY x) FROM (SELECT 1.0::float8 AS x WHERE false) t
SELECT variance(x), stddev(x), var_pop(x), var_samp(x), stddev_pop(x), stddev_samp(x) FROM (VALUES (1::int4),(2),(4)) v(x)
SELECT variance(x), stddev(x), var_pop(x), stddev_pop(x) FROM (VALUES (1.5::float8),(2),(4)) v(x)
SELECT variance(x), stddev(x), var_pop(x), stddev_pop(x) FROM (VALUES (1.55),(2.25),(4.10)) v(x)
SELECT stddev(x), variance(x), stddev_pop(x) FROM (VALUES (1::int4)) v(x)
SELECT x, stddev(x) OVER (ORDER BY x ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM (VALUES (1::float8),(2),(4)) v(x) ORDER BY 1
SELECT regr_slope(y,x), regr_intercept(y,x), regr_r2(y,x), regr_count(y,x), regr_avgx(y,x), regr_avgy(y,x), regr_sxx(y,x), regr_syy(y,x), regr_sxy(y,x), corr(y,x), covar_pop(y,x), covar_samp(y,x) FROM (VALUES (1::float8,2::float8),(2,3),(4,7)) v(x,y)
SELECT bit_and(x), bit_or(x), bit_xor(x), bool_and(x>0), bool_or(x>3), every(x>0) FROM (VALUES (3::int4),(5::int4)) v(x)
SELECT string_agg(x, d ORDER BY x) FROM (VALUES ('a','-'),('b','+'),('c','/')) v(x,d)
SELECT string_agg(x, ',' ORDER BY x DESC), string_agg(DISTINCT x, ',' ORDER BY x), string_agg(x, null ORDER BY x) FROM (VALUES ('a'),('b'),('a'),(null)) v(x)
SELECT array_agg(x ORDER BY x DESC), array_agg(DISTINCT x ORDER BY x) FROM (VALUES ('a'),('b'),('a')) v(x)
SELECT row_number() OVER (ORDER BY x), rank() OVER (ORDER BY x), dense_rank() OVER (ORDER BY x), ntile(2) OVER (ORDER BY x), percent_rank() OVER (ORDER BY x), cume_dist() OVER (ORDER BY x), count(*) OVER () FROM (VALUES (1::int4),(1),(2)) v(x) ORDER BY 1
SELECT * FROM (SELECT x, row_number() OVER (PARTITION BY x ORDER BY y) AS rn FROM (VALUES ('a',1),('a',2),('b',1)) v(x,y)) t WHERE rn = 1 ORDER BY x
SELECT count(DISTINCT x), count(x) FILTER (WHERE x > 1), max(x), min(x) FROM (VALUES (1::int4),(2::int4),(2::int4)) v(x)
