SELECT id FROM t WHERE name LIKE 'a%'

SELECT id FROM t WHERE name LIKE 'a\_%'

SELECT id FROM t WHERE name LIKE s

SELECT id FROM t WHERE name LIKE 'a!_%' ESCAPE '!'

SELECT id FROM t WHERE name NOT LIKE 'a%'

SELECT id FROM t WHERE name ILIKE 'A%'

SELECT id FROM t WHERE name NOT ILIKE 'A%'

SELECT id FROM t WHERE name SIMILAR TO 'a|b'

SELECT id FROM t WHERE name ~ '^[a-z]+$'

SELECT id FROM t WHERE name ~ 'a.c'

SELECT id FROM t WHERE name ~* 'abc'

SELECT id FROM t WHERE name !~ '\d{4}'

SELECT id FROM t WHERE name !~* 'a|b'

SELECT id FROM t WHERE name ~ '\yword\y'

SELECT id FROM t WHERE name ~ s

SELECT id FROM t WHERE name ~ '(?i)a'

SELECT id FROM t WHERE name ~ '[[:alpha:]]'

SELECT regexp_replace(name, '[0-9]+', '#', 'g') FROM t

SELECT regexp_replace(name, '(a)(b)', '\2-\1', 'g') FROM t

SELECT regexp_replace(name, '[0-9]+', '#') FROM t

SELECT regexp_replace(name, 'a|ab', '#', 'g') FROM t

SELECT upper(name), lower(name), length(name), char_length(name) FROM t

SELECT trim(name), ltrim(name), rtrim(name), btrim(name, 'xy') FROM t

SELECT trim(BOTH 'x' FROM name), trim(LEADING FROM name) FROM t

SELECT substring(name FROM 2 FOR 3), substr(name, 2), substring(name, 1, 3) FROM t

SELECT substring(email FROM strpos(email, '@') + 1) FROM t

SELECT substring(email FROM position('@' IN email) + 1) FROM t

SELECT substring(name FROM 0 FOR 3) FROM t

SELECT substring(name FROM n) FROM t

SELECT substring(name FROM 'a+') FROM t

SELECT left(name, 3), right(name, 3) FROM t

SELECT left(name, -1) FROM t

SELECT left(name, n) FROM t

SELECT split_part(email, '@', 2) FROM t

SELECT split_part(email, '@', n) FROM t

SELECT strpos(email, '@'), position('@' IN email) FROM t

SELECT concat(name, '-', city) FROM t

SELECT concat(name, n) FROM t

SELECT concat(name, x) FROM t

SELECT concat_ws(',', name, city) FROM t

SELECT concat_ws(',', name, n) FROM t

SELECT replace(name, 'a', 'b') FROM t

SELECT replace(name, city, 'b') FROM t

SELECT lpad(name, 5), rpad(name, 5, 'x') FROM t

SELECT reverse(name), translate(name, 'ab', 'xy'), starts_with(name, 'a'), chr(65) FROM t

SELECT repeat(name, 3) FROM t

SELECT initcap(name) FROM t

SELECT format('%s', name) FROM t

SELECT md5(name) FROM t

SELECT encode(b, 'hex') FROM t

SELECT encode(b, 'base64') FROM t

SELECT string_to_array(name, ',') FROM t

SELECT array_to_string(tags, ',') FROM t

SELECT doc::json -> 'a' FROM t

SELECT doc::json ->> 'a' FROM t

SELECT doc::json -> 'a' -> 0 ->> 'b' FROM t

SELECT doc::jsonb #>> '{a,b}' FROM t

SELECT doc::json #>> '{a,0}' FROM t

SELECT j -> 'first name' FROM t

SELECT j -> -1 FROM t

SELECT j -> name FROM t

SELECT j @> '{}' FROM t

SELECT json_array_length(j) FROM t

SELECT jsonb_set(j, '{a}', '1') FROM t

SELECT abs(n), sqrt(x), exp(x), ln(x), log(x), power(x, 2), mod(n, 2), pi() FROM t

SELECT round(amount), round(amount, 2), round(n) FROM t

SELECT round(x) FROM t

SELECT round(unknown_column, 2) FROM t

SELECT round(x::numeric(38, 10), 2) FROM t

SELECT ceil(x), floor(amount), ceil(n), ceiling(x), trunc(x), trunc(amount, 1) FROM t

SELECT random(), sign(x), cbrt(x), degrees(x), radians(x), atan2(x, score) FROM t

SELECT to_char(n, '999') FROM t

SELECT frobnicate(n) FROM t

SELECT my.lower(name) FROM t
