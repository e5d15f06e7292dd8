SELECT id FROM t WHERE name LIKE 'a%'
-- becomes
SELECT id FROM t WHERE name LIKE 'a%'

SELECT id FROM t WHERE name LIKE 'a\_%'
-- becomes
SELECT id FROM t WHERE name LIKE 'a\_%' ESCAPE '\'

SELECT id FROM t WHERE name LIKE s
-- becomes
SELECT id FROM t WHERE name LIKE s ESCAPE '\'

SELECT id FROM t WHERE name LIKE 'a!_%' ESCAPE '!'
-- becomes
SELECT id FROM t WHERE name LIKE 'a!_%' ESCAPE '!'

SELECT id FROM t WHERE name NOT LIKE 'a%'
-- becomes
SELECT id FROM t WHERE name NOT LIKE 'a%'

SELECT id FROM t WHERE name ILIKE 'A%'
-- becomes
SELECT id FROM t WHERE lower(name) LIKE lower('A%')

SELECT id FROM t WHERE name NOT ILIKE 'A%'
-- becomes
SELECT id FROM t WHERE lower(name) NOT LIKE lower('A%')

SELECT id FROM t WHERE name SIMILAR TO 'a|b'
-- refused: not supported: SIMILAR TO

SELECT id FROM t WHERE name ~ '^[a-z]+$'
-- becomes
SELECT id FROM t WHERE regexp_like(name, '^[a-z]+\z')

SELECT id FROM t WHERE name ~ 'a.c'
-- becomes
SELECT id FROM t WHERE regexp_like(name, 'a(?s:.)c')

SELECT id FROM t WHERE name ~* 'abc'
-- becomes
SELECT id FROM t WHERE regexp_like(lower(name), 'abc')

SELECT id FROM t WHERE name !~ '\d{4}'
-- becomes
SELECT id FROM t WHERE (NOT regexp_like(name, '[0-9]{4}'))

SELECT id FROM t WHERE name !~* 'a|b'
-- becomes
SELECT id FROM t WHERE (NOT regexp_like(lower(name), 'a|b'))

SELECT id FROM t WHERE name ~ '\yword\y'
-- refused: not supported: \y in a regular expression, which Athena and Lakegate read differently

SELECT id FROM t WHERE name ~ s
-- refused: not supported: a regular expression that is no literal

SELECT id FROM t WHERE name ~ '(?i)a'
-- refused: not supported: (?…) in a regular expression, which Athena and Lakegate read differently

SELECT id FROM t WHERE name ~ '[[:alpha:]]'
-- refused: not supported: a set in a set in a regular expression, which Athena and Lakegate read differently

SELECT regexp_replace(name, '[0-9]+', '#', 'g') FROM t
-- becomes
SELECT regexp_replace(name, '[0-9]+', '#') FROM t

SELECT regexp_replace(name, '(a)(b)', '\2-\1', 'g') FROM t
-- becomes
SELECT regexp_replace(name, '(a)(b)', '$2-$1') FROM t

SELECT regexp_replace(name, '[0-9]+', '#') FROM t
-- refused: not supported: the function regexp_replace, which Athena does not have with this meaning

SELECT regexp_replace(name, 'a|ab', '#', 'g') FROM t
-- refused: not supported: an alternative (|) in a regular expression, which Athena and Lakegate read differently

SELECT upper(name), lower(name), length(name), char_length(name) FROM t
-- becomes
SELECT upper(name), lower(name), length(name), length(name) FROM t

SELECT trim(name), ltrim(name), rtrim(name), btrim(name, 'xy') FROM t
-- becomes
SELECT TRIM(BOTH ' ' FROM name), TRIM(LEADING ' ' FROM name), TRIM(TRAILING ' ' FROM name), TRIM(BOTH 'xy' FROM name) FROM t

SELECT trim(BOTH 'x' FROM name) FROM t
-- becomes
SELECT TRIM(BOTH 'x' FROM name) FROM t

SELECT substring(name FROM 2 FOR 3), substr(name, 2), substring(name, 1, 3) FROM t
-- becomes
SELECT substr(name, 2, 3), substr(name, 2), substr(name, 1, 3) FROM t

SELECT substring(email FROM strpos(email, '@') + 1) FROM t
-- becomes
SELECT substr(email, strpos(email, '@') + 1) FROM t

SELECT substring(email FROM position('@' IN email) + 1) FROM t
-- becomes
SELECT substr(email, POSITION('@' IN email) + 1) FROM t

SELECT substring(name FROM 0 FOR 3) FROM t
-- refused: not supported: substring from 0, which may be less than 1

SELECT substring(name FROM n) FROM t
-- refused: not supported: substring from n, which may be less than 1

SELECT substring(name FROM 'a+') FROM t
-- refused: not supported: substring by a regular expression

SELECT left(name, 3), right(name, 3) FROM t
-- becomes
SELECT substr(name, 1, 3), substr(name, greatest(length(name) - 2, 1)) FROM t

SELECT left(name, -1) FROM t
-- refused: not supported: left by a count that is no number from 0

SELECT left(name, n) FROM t
-- refused: not supported: left by a count that is no number from 0

SELECT split_part(email, '@', 2) FROM t
-- becomes
SELECT CASE WHEN email IS NOT NULL THEN coalesce(split_part(email, '@', 2), '') END FROM t

SELECT split_part(email, '@', n) FROM t
-- refused: not supported: split_part by other than a literal text and a number from 1

SELECT strpos(email, '@'), position('@' IN email) FROM t
-- becomes
SELECT strpos(email, '@'), POSITION('@' IN email) FROM t

SELECT concat(name, '-', city) FROM t
-- becomes
SELECT concat(coalesce(name, ''), '-', coalesce(city, '')) FROM t

SELECT concat(name, n) FROM t
-- becomes
SELECT concat(coalesce(name, ''), coalesce(CAST(n AS varchar), '')) FROM t

SELECT concat(name, x) FROM t
-- refused: not supported: concat of x, of another type than text

SELECT concat_ws(',', name, city) FROM t
-- becomes
SELECT concat_ws(',', name, city) FROM t

SELECT concat_ws(',', name, n) FROM t
-- refused: not supported: concat_ws of other values than text

SELECT replace(name, 'a', 'b') FROM t
-- becomes
SELECT replace(name, 'a', 'b') FROM t

SELECT replace(name, city, 'b') FROM t
-- refused: not supported: replace of a text that may be empty

SELECT lpad(name, 5), rpad(name, 5, 'x') FROM t
-- becomes
SELECT lpad(name, 5, ' '), rpad(name, 5, 'x') FROM t

SELECT reverse(name), translate(name, 'ab', 'xy'), starts_with(name, 'a'), chr(65) FROM t
-- becomes
SELECT reverse(name), translate(name, 'ab', 'xy'), starts_with(name, 'a'), chr(65) FROM t

SELECT repeat(name, 3) FROM t
-- refused: not supported: the function repeat, which Athena does not have with this meaning

SELECT initcap(name) FROM t
-- refused: not supported: the function initcap, which Athena does not have with this meaning

SELECT format('%s', name) FROM t
-- refused: not supported: the function format, which Athena does not have with this meaning

SELECT md5(name) FROM t
-- becomes
SELECT lower(to_hex(md5(to_utf8(name)))) FROM t

SELECT encode(b, 'hex') FROM t
-- becomes
SELECT lower(to_hex(b)) FROM t

SELECT encode(b, 'base64') FROM t
-- refused: not supported: the function encode, which Athena does not have with this meaning

SELECT string_to_array(name, ',') FROM t
-- becomes
SELECT CASE WHEN name = '' THEN CAST(ARRAY[] AS array(varchar)) ELSE split(name, ',') END FROM t

SELECT array_to_string(tags, ',') FROM t
-- refused: not supported: array_to_string of elements of an unknown type, or with a text for NULLs

SELECT doc::json -> 'a' FROM t
-- becomes
SELECT json_extract(CASE WHEN json_parse(doc) IS NOT NULL THEN doc END, '$.a') FROM t

SELECT doc::json ->> 'a' FROM t
-- becomes
SELECT coalesce(json_extract_scalar(CASE WHEN json_parse(doc) IS NOT NULL THEN doc END, '$.a'), CAST(json_extract(CASE WHEN json_parse(doc) IS NOT NULL THEN doc END, '$.a') AS varchar)) FROM t

SELECT doc::json -> 'a' -> 0 ->> 'b' FROM t
-- becomes
SELECT coalesce(json_extract_scalar(CASE WHEN json_parse(doc) IS NOT NULL THEN doc END, '$.a[0].b'), CAST(json_extract(CASE WHEN json_parse(doc) IS NOT NULL THEN doc END, '$.a[0].b') AS varchar)) FROM t

SELECT doc::jsonb #>> '{a,b}' FROM t
-- becomes
SELECT coalesce(json_extract_scalar(CASE WHEN json_parse(doc) IS NOT NULL THEN doc END, '$.a.b'), CAST(json_extract(CASE WHEN json_parse(doc) IS NOT NULL THEN doc END, '$.a.b') AS varchar)) FROM t

SELECT doc::json #>> '{a,0}' FROM t
-- refused: not supported: this path into JSON

SELECT j -> 'first name' FROM t
-- becomes
SELECT json_extract(j, '$["first name"]') FROM t

SELECT j -> -1 FROM t
-- refused: not supported: a step into JSON that is no literal

SELECT j -> name FROM t
-- refused: not supported: a step into JSON that is no literal

SELECT j @> '{}' FROM t
-- refused: not supported: the operator @>

SELECT json_array_length(j) FROM t
-- becomes
SELECT cardinality(CAST(j AS array(json))) FROM t

SELECT jsonb_set(j, '{a}', '1') FROM t
-- refused: not supported: the function jsonb_set, which Athena does not have with this meaning

SELECT abs(n), sqrt(x), exp(x), ln(x), log(x), power(x, 2), mod(n, 2), pi() FROM t
-- becomes
SELECT abs(n), sqrt(CASE WHEN x < 0 THEN 1 / 0 ELSE x END), exp(x), ln(CASE WHEN x <= 0 THEN 1 / 0 ELSE x END), log10(CASE WHEN x <= 0 THEN 1 / 0 ELSE x END), power(x, 2), mod(n, 2), pi() FROM t

SELECT round(amount), round(amount, 2), round(n) FROM t
-- becomes
SELECT round(amount), round(amount, 2), round(n) FROM t

SELECT round(x) FROM t
-- refused: not supported: round of a double or of an unknown type, whose halves Athena rounds otherwise

SELECT round(unknown_column, 2) FROM t
-- refused: not supported: round of a double or of an unknown type, whose halves Athena rounds otherwise

SELECT round(x::numeric(38, 10), 2) FROM t
-- refused: not supported: x of double as a numeric, of 15 digits here and of 17 there

SELECT ceil(x), floor(amount), ceil(n), ceiling(x), trunc(x), trunc(amount, 1) FROM t
-- becomes
SELECT CEIL(x), FLOOR(amount), CEIL(CAST(n AS double)), ceiling(x), truncate(x), truncate(amount, 1) FROM t

SELECT random(), sign(x), cbrt(x), degrees(x), radians(x), atan2(x, score) FROM t
-- becomes
SELECT random(), sign(x), cbrt(x), degrees(x), radians(x), atan2(x, score) FROM t

SELECT to_char(n, '999') FROM t
-- refused: not supported: to_char of a number or of an unknown type

SELECT frobnicate(n) FROM t
-- refused: not supported: the function frobnicate, which Athena does not have with this meaning

SELECT my.lower(name) FROM t
-- refused: not supported: the function my.lower, which Athena does not have with this meaning
