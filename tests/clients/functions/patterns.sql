SELECT substring('foobar' from 'o.b'), substring('foobar' from 2 for 3), substring('foobar' from '%#"o_b#"%' for '#'), substring('foobar', 'o(.)b'), substring('foobar' for 2), substring('foobar' from 10), substring('foobar' from -1 for 4), substring('héllo' from 2 for 2)
SELECT substr('foobar', 3), substr('foobar', 3, 2), substring('\x010203'::bytea from 2 for 1), substring(null from 'a'), substring('abc' from null)
SELECT regexp_replace('foobarbaz','b..','X'), regexp_replace('foobarbaz','b..','X','g'), regexp_match('foobar','(o)(b)'), regexp_split_to_array('a,b',','), regexp_match('abc','x'), regexp_match('abc', 'b')
SELECT regexp_replace('foobarbaz','b(..)','X\1Y','g'), regexp_replace('foobarbaz','B..','X','i'), regexp_replace('abc', 'b', '[\&]'), regexp_replace('aaa','a','b',1,2), regexp_replace('aaa','a','b',2), regexp_replace('a.b', '\.', '-')
SELECT regexp_matches('foobarbequebaz', 'b..', 'g')
SELECT regexp_matches('foobarbequebaz', '(b)(..)', 'g')
SELECT regexp_matches('foobarbequebaz', 'b..')
SELECT (regexp_matches('2024-03-05', '(\d+)-(\d+)'))[1]
SELECT x, regexp_matches(x, 'b.', 'g') FROM (VALUES ('abcbd'), ('zzz')) v(x)
SELECT * FROM regexp_split_to_table('a b c', ' ')
SELECT * FROM regexp_matches('abab', 'a(.)', 'g') AS m
SELECT regexp_split_to_table('a b c', '\s+')
SELECT regexp_split_to_array('hello world', '\s*'), regexp_split_to_array('abc', ''), regexp_split_to_array('', ','), regexp_split_to_array('a,,b', ',')
SELECT regexp_count('abcabc','b'), regexp_substr('foobar','o.'), regexp_like('abc','B','i'), regexp_instr('abc','c'), regexp_instr('abcabc','b',1,2), regexp_substr('abcabc','(b)(c)',1,1,'',2), regexp_count('aaa','a',2), regexp_instr('abc', 'z')
SELECT 'abc' ILIKE 'AB%', 'abc' ~* 'B', 'abc' !~ 'x', 'abc' SIMILAR TO '(a|x)bc', 'abc' NOT SIMILAR TO 'x%', 'abc' SIMILAR TO 'a', 'abc' SIMILAR TO '_b%', 'a+b' SIMILAR TO 'a\+b'
SELECT 'foo bar' ~ '\yfoo\y', 'foobar' ~ '\mfoo\M', 'a foo' ~ '[[:<:]]foo[[:>:]]', 'abc' ~ '(?i)ABC', E'a\nb' ~ 'a.b', E'a\nb' ~ '^b', 'ab' ~ 'a{1}b', 'a{' ~ 'a{', 'x]' ~ '[]x]+', '-' ~ '[a-]'
SELECT 'abc' !~* 'B', 'abc' ~ x FROM (VALUES ('^a'), ('\mabc\M')) v(x)
SELECT 'abc' ~ '('
SELECT regexp_match('a', '[')
SELECT regexp_replace('abc', 'b', 'x', 'q?')
SELECT regexp_match('abc', 'b', 'g')
SELECT regexp_replace('Hello World', '(\w+) (\w+)', '\2 \1'), regexp_replace('x1y2', '\d', '#', 'g'), regexp_replace('a\b', '\\', '/')
SELECT 'a' SIMILAR TO 'b' ESCAPE '#', 'abc' SIMILAR TO 'a#%' ESCAPE '#'
