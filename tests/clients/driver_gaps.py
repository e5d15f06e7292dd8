"""What drivers ask and Lakegate does not do yet: by test, with the reason; see gaps.py.

A name without brackets would stand for all parameters of its test.
"""

from gaps import Gap

COPY = Gap("TABLE name as a statement of its own")
CURSORS = Gap("pg_cursors is empty")
WRITES = Gap("needs CREATE VIEW, CREATE TABLE AS, INSERT: tables are built by models under sql/")
PLACES = Gap("errors of planning carry no position yet")
CODES = Gap("a coarser SQLSTATE than PostgreSQL's, or rows where it gives an error")
WORDS = Gap("DataFusion's words instead of PostgreSQL's")
MESSAGES = Gap("a rare message that is refused a step earlier, or with another code")
OID_ARRAYS = Gap("oid[] is described as int8[], which asyncpg introspects without end")
PARAMETERS = Gap("the type of a parameter that no simple comparison tells")
TYPES = Gap("a result type, its OID or its typmod other than PostgreSQL's")
SETTINGS = Gap("a setting that is not followed: by casts, by savepoints, by its name")
PREPARE = Gap("pg_prepared_statements is empty")
FUNCTIONS = Gap("a function or a form of it that is not there yet")
CATALOG = Gap("an answer of the catalog that differs from PostgreSQL's")

KNOWN = {
    (
        'test_queries_give_the_arrow_tables_of_postgres[SELECT \'{"a": 1}\'::jsonb, \'[1]\''
        "::json]"
    ): TYPES,
    "test_queries_give_the_arrow_tables_of_postgres[SELECT 1 AS a, 2 AS a]": TYPES,
    (
        "test_queries_give_the_arrow_tables_of_postgres[SELECT 1, 'a', NULL, 1.5, true, cur"
        "rent_date IS NULL]"
    ): TYPES,
    (
        "test_queries_give_the_arrow_tables_of_postgres[SELECT id, row_number() OVER (ORDER"
        " BY id) FROM types ORDER BY id]"
    ): TYPES,
    (
        "test_queries_give_the_arrow_tables_of_postgres[SELECT interval '1 day 2 hours', '0"
        "0112233-4455-6677-8899-aabbccddeeff'::uuid]"
    ): TYPES,
    "test_queries_give_the_arrow_tables_of_postgres[VALUES (1, 'a'), (2, 'b')]": TYPES,
    "test_what_can_be_copied[COPY (WITH w AS (SELECT 2) TABLE w) TO STDOUT]": COPY,
    "test_odbc_rows_are_those_of_postgres[quad_word-declare fetch]": TYPES,
    "test_open_cursors_are_listed": CURSORS,
    "test_a_seed_is_loaded": WRITES,
    "test_a_snapshot_is_taken_twice": WRITES,
    "test_a_table_is_built": WRITES,
    "test_an_incremental_model_is_built_twice": WRITES,
    "test_views_are_built_and_tested": WRITES,
    "test_a_connection_does_what_it_does_with_postgres[error]": PLACES,
    "test_the_place_is_that_of_postgres[EXPLAIN (NOTHING) SELECT 1]": PLACES,
    "test_the_place_is_that_of_postgres[EXPLAIN SELECT * FROM nowhere]": PLACES,
    'test_the_place_is_that_of_postgres[SELECT ""]': PLACES,
    'test_the_place_is_that_of_postgres[SELECT "ID" FROM types]': PLACES,
    "test_the_place_is_that_of_postgres[SELECT $$open]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT ''::int4]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT '1.5'::int4]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT '2024-02-30'::date]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT '2024-13-01'::date]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT '25:00'::time]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT '\\xe9', missing FROM types]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT 'a'::int4]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT 'maybe'::bool]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT 'no_such_type'::regtype]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT 'nowhere'::regclass]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT 'x'::date]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT 'x'::interval]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT 'x'::numeric]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT 'x'::timestamptz]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT 'x'::uuid]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT '{'::json]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT '{1,'::int4[]]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT (SELECT 1, 2)]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT (SELECT max(id) FROM nowhere)]": PLACES,
    'test_the_place_is_that_of_postgres[SELECT * FROM "Types"]': PLACES,
    "test_the_place_is_that_of_postgres[SELECT * FROM (VALUES (1), (1, 2)) AS v]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT * FROM elsewhere.public.types]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT * FROM lake.public.nowhere]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT * FROM nowhere.types]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT * FROM nowhere]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT * FROM public.nowhere]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT * FROM types ORDER]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT -text FROM types]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT /* open]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT 1 + true]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT 1 IN (SELECT 1, 2)]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT 1 UNION SELECT 1, 2]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT 1 UNION SELECT true]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT 1::no_such_type]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT CASE WHEN true THEN 1 ELSE 'a' END]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT CAST(1 AS no_such_type)]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT FROM WHERE]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT NOT id FROM types]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT array[1, 'a']]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT coalesce(1, true)]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT day = 1 FROM types]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT id FROM types GROUP BY missing]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT id FROM types JOIN nowhere USING (id)]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT id FROM types LIMIT 'a']": PLACES,
    "test_the_place_is_that_of_postgres[SELECT id FROM types ORDER BY 2]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT id FROM types ORDER BY missing]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT id FROM types WHERE count(*) > 1]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT id FROM types WHERE id]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT id FROM types WHERE missing = 1]": PLACES,
    (
        "test_the_place_is_that_of_postgres[SELECT id FROM types WHERE row_number() OVER ()"
        " = 1]"
    ): PLACES,
    (
        "test_the_place_is_that_of_postgres[SELECT id FROM types a JOIN types b ON a.id = b"
        ".id]"
    ): PLACES,
    "test_the_place_is_that_of_postgres[SELECT id || day FROM types WHERE text > 1]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT id, count(*) FROM types]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT id,\\n       missing\\nFROM types]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT missing FROM types]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT missing(1)]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT missing(1, 'a', id) FROM types]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT nowhere.upper('a')]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT sum(count(*)) FROM types]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT t.missing FROM types t]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT text > 1 FROM types]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT types.id FROM types t]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT types.missing FROM types]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT u.id FROM types t]": PLACES,
    "test_the_place_is_that_of_postgres[SELECT upper(1, 2)]": PLACES,
    "test_the_place_is_that_of_postgres[WITH w AS (SELECT 1) SELECT * FROM v]": PLACES,
    "test_the_probe_finds_what_it_finds_with_postgres[error]": PLACES,
    "test_the_code_is_that_of_postgres[EXPLAIN (NOTHING) SELECT 1]": CODES,
    'test_the_code_is_that_of_postgres[SELECT ""]': CODES,
    "test_the_code_is_that_of_postgres[SELECT '2024-02-30'::date]": CODES,
    "test_the_code_is_that_of_postgres[SELECT '2024-13-01'::date]": CODES,
    "test_the_code_is_that_of_postgres[SELECT '25:00'::time]": CODES,
    "test_the_code_is_that_of_postgres[SELECT 'x'::date]": CODES,
    "test_the_code_is_that_of_postgres[SELECT 'x'::interval]": CODES,
    "test_the_code_is_that_of_postgres[SELECT 'x'::timestamptz]": CODES,
    "test_the_code_is_that_of_postgres[SELECT 'x'::uuid]": CODES,
    "test_the_code_is_that_of_postgres[SELECT '{'::json]": CODES,
    "test_the_code_is_that_of_postgres[SELECT (SELECT 1, 2)]": CODES,
    "test_the_code_is_that_of_postgres[SELECT (SELECT id FROM types)]": CODES,
    'test_the_code_is_that_of_postgres[SELECT * FROM "Types"]': CODES,
    "test_the_code_is_that_of_postgres[SELECT * FROM (VALUES (1), (1, 2)) AS v]": CODES,
    "test_the_code_is_that_of_postgres[SELECT -text FROM types]": CODES,
    "test_the_code_is_that_of_postgres[SELECT 1 + true]": CODES,
    "test_the_code_is_that_of_postgres[SELECT 1 IN (SELECT 1, 2)]": CODES,
    "test_the_code_is_that_of_postgres[SELECT 1 UNION SELECT 1, 2]": CODES,
    "test_the_code_is_that_of_postgres[SELECT 1 UNION SELECT true]": CODES,
    "test_the_code_is_that_of_postgres[SELECT 1.0::float8 / 0]": CODES,
    "test_the_code_is_that_of_postgres[SELECT 1000::numeric(3, 1)]": CODES,
    "test_the_code_is_that_of_postgres[SELECT 1::no_such_type]": CODES,
    "test_the_code_is_that_of_postgres[SELECT 1e400::float8]": CODES,
    "test_the_code_is_that_of_postgres[SELECT CASE WHEN true THEN 1 ELSE 'a' END]": CODES,
    "test_the_code_is_that_of_postgres[SELECT CAST(1 AS no_such_type)]": CODES,
    "test_the_code_is_that_of_postgres[SELECT FROM WHERE]": CODES,
    "test_the_code_is_that_of_postgres[SELECT NOT id FROM types]": CODES,
    "test_the_code_is_that_of_postgres[SELECT coalesce(1, true)]": CODES,
    "test_the_code_is_that_of_postgres[SELECT date_trunc('fortnight', now())]": CODES,
    "test_the_code_is_that_of_postgres[SELECT day = 1 FROM types]": CODES,
    "test_the_code_is_that_of_postgres[SELECT extract(fortnight FROM now())]": CODES,
    "test_the_code_is_that_of_postgres[SELECT id FROM types LIMIT 'a']": CODES,
    "test_the_code_is_that_of_postgres[SELECT id FROM types LIMIT -1]": CODES,
    "test_the_code_is_that_of_postgres[SELECT id FROM types OFFSET -1]": CODES,
    "test_the_code_is_that_of_postgres[SELECT id FROM types ORDER BY 2]": CODES,
    "test_the_code_is_that_of_postgres[SELECT id FROM types WHERE count(*) > 1]": CODES,
    "test_the_code_is_that_of_postgres[SELECT id FROM types WHERE id]": CODES,
    "test_the_code_is_that_of_postgres[SELECT id FROM types WHERE row_number() OVER () = 1]": CODES,
    "test_the_code_is_that_of_postgres[SELECT id || day FROM types WHERE text > 1]": CODES,
    "test_the_code_is_that_of_postgres[SELECT ln(0)]": CODES,
    "test_the_code_is_that_of_postgres[SELECT now() AT TIME ZONE 'Nowhere/At_All']": CODES,
    "test_the_code_is_that_of_postgres[SELECT nowhere.upper('a')]": CODES,
    "test_the_code_is_that_of_postgres[SELECT sqrt(-1)]": CODES,
    "test_the_code_is_that_of_postgres[SELECT substring('abc' from 1 for -1)]": CODES,
    "test_the_code_is_that_of_postgres[SELECT sum(count(*)) FROM types]": CODES,
    "test_the_code_is_that_of_postgres[SELECT text > 1 FROM types]": CODES,
    "test_the_code_is_that_of_postgres[SELECT text LIKE 'a\\\\' FROM types]": CODES,
    "test_the_code_is_that_of_postgres[SELECT types.id FROM types t]": CODES,
    "test_the_code_is_that_of_postgres[SELECT u.id FROM types t]": CODES,
    "test_the_code_is_that_of_postgres[SET ROLE nobody]": CODES,
    "test_the_code_is_that_of_postgres[SET server_version = '9']": CODES,
    "test_values_that_do_not_fit_are_refused[SELECT %s::uuid-values6]": CODES,
    "test_values_that_do_not_fit_are_refused[SELECT id FROM types LIMIT %s-values7]": CODES,
    "test_the_words_are_those_of_postgres[EXPLAIN (NOTHING) SELECT 1]": WORDS,
    "test_the_words_are_those_of_postgres[SELECT ''::int4]": WORDS,
    "test_the_words_are_those_of_postgres[SELECT '1.5'::int4]": WORDS,
    "test_the_words_are_those_of_postgres[SELECT '2024-02-30'::date]": WORDS,
    "test_the_words_are_those_of_postgres[SELECT '2024-13-01'::date]": WORDS,
    "test_the_words_are_those_of_postgres[SELECT 'a'::int4]": WORDS,
    "test_the_words_are_those_of_postgres[SELECT 'maybe'::bool]": WORDS,
    "test_the_words_are_those_of_postgres[SELECT 'x'::date]": WORDS,
    "test_the_words_are_those_of_postgres[SELECT 'x'::uuid]": WORDS,
    "test_the_words_are_those_of_postgres[SELECT '{1,'::int4[]]": WORDS,
    (
        "test_the_words_are_those_of_postgres[SELECT * FROM types a JOIN types b USING (mis"
        "sing)]"
    ): WORDS,
    "test_the_words_are_those_of_postgres[SELECT 1.0::float8 / 0]": WORDS,
    "test_the_words_are_those_of_postgres[SELECT 1::no_such_type]": WORDS,
    "test_the_words_are_those_of_postgres[SELECT CAST(1 AS no_such_type)]": WORDS,
    "test_the_words_are_those_of_postgres[SELECT missing(1)]": WORDS,
    "test_the_words_are_those_of_postgres[SELECT missing(1, 'a', id) FROM types]": WORDS,
    "test_the_words_are_those_of_postgres[SELECT nowhere.upper('a')]": WORDS,
    "test_messages_are_answered_as_by_postgres[a binary value of the wrong length]": MESSAGES,
    "test_messages_are_answered_as_by_postgres[a gap in the parameters]": MESSAGES,
    "test_messages_are_answered_as_by_postgres[an unknown function call]": MESSAGES,
    "test_messages_are_answered_as_by_postgres[an unknown result format]": MESSAGES,
    "test_messages_are_answered_as_by_postgres[parameter zero]": MESSAGES,
    (
        "test_a_bare_parameter_has_the_type_postgres_gives_it[SELECT array_agg(id) FILTER ("
        "WHERE id > $1) FROM types]"
    ): OID_ARRAYS,
    (
        "test_a_bare_parameter_has_the_type_postgres_gives_it[SELECT id FROM types WHERE nu"
        "mbers = $1]"
    ): OID_ARRAYS,
    "test_a_parameter_of_each_type_comes_back[bool[]-[True, None, False]]": OID_ARRAYS,
    "test_a_parameter_of_each_type_comes_back[date[]-[datetime.date(2024, 2, ]": OID_ARRAYS,
    "test_a_parameter_of_each_type_comes_back[float8[]-[0.1, None]]": OID_ARRAYS,
    "test_a_parameter_of_each_type_comes_back[int4[]-[[1, 2], [3, 4]]]": OID_ARRAYS,
    "test_a_parameter_of_each_type_comes_back[int4[]-[]]": OID_ARRAYS,
    "test_a_parameter_of_each_type_comes_back[int8[]-[1, None, -9223372036854]": OID_ARRAYS,
    "test_a_parameter_of_each_type_comes_back[numeric[]-[Decimal('1.10'), None]]": OID_ARRAYS,
    "test_a_parameter_of_each_type_comes_back[timestamptz[]-[datetime.datetime(2024,]": OID_ARRAYS,
    "test_binary_rows_are_those_of_postgres[numbers]": OID_ARRAYS,
    "test_columns_have_the_names_and_types_postgres_gives_them": OID_ARRAYS,
    "test_the_inspector_finds_what_postgres_shows[asyncpg-get_indexes]": OID_ARRAYS,
    "test_the_inspector_finds_what_postgres_shows[asyncpg-get_multi_indexes]": OID_ARRAYS,
    "test_the_inspector_finds_what_postgres_shows[asyncpg-has_index]": OID_ARRAYS,
    "test_the_values_of_the_sample_come_back": OID_ARRAYS,
    "test_types_are_introspected": OID_ARRAYS,
    (
        "test_a_bare_parameter_has_the_type_postgres_gives_it[SELECT * FROM generate_series"
        "($1::int4, $2::int4)]"
    ): PARAMETERS,
    (
        "test_a_bare_parameter_has_the_type_postgres_gives_it[SELECT CASE WHEN truth THEN $"
        "1 ELSE day END FROM types]"
    ): PARAMETERS,
    (
        "test_a_bare_parameter_has_the_type_postgres_gives_it[SELECT id FROM types WHERE $1"
        "]"
    ): PARAMETERS,
    (
        "test_a_bare_parameter_has_the_type_postgres_gives_it[SELECT id FROM types WHERE (i"
        "d, text) = ($1, $2)]"
    ): PARAMETERS,
    (
        "test_a_bare_parameter_has_the_type_postgres_gives_it[SELECT id FROM types WHERE id"
        " = ANY($1)]"
    ): PARAMETERS,
    (
        "test_a_bare_parameter_has_the_type_postgres_gives_it[SELECT nullif(whole, $1), gre"
        "atest(exact, $2) FROM types]"
    ): PARAMETERS,
    (
        "test_a_bare_parameter_has_the_type_postgres_gives_it[SELECT substring(text, $1, $2"
        ") FROM types]"
    ): PARAMETERS,
    "test_a_cursor_in_a_transaction_gives_its_rows_in_parts": PARAMETERS,
    "test_a_parameter_of_each_type_comes_back[oid-4294967295]": PARAMETERS,
    "test_a_parameter_of_each_type_comes_back[uuid-00112233-4455-6677-8899-]": PARAMETERS,
    "test_a_parameter_of_each_type_comes_back[uuid[]-[UUID('00000000-0000-000]": PARAMETERS,
    "test_a_reflected_table_is_queried[asyncpg]": PARAMETERS,
    "test_a_whole_schema_is_reflected[asyncpg-dashboard]": PARAMETERS,
    "test_a_whole_schema_is_reflected[asyncpg-gold]": PARAMETERS,
    "test_a_whole_schema_is_reflected[asyncpg-information_schema]": PARAMETERS,
    "test_a_whole_schema_is_reflected[asyncpg-landing]": PARAMETERS,
    "test_all_objects_of_the_lake": PARAMETERS,
    "test_objects_are_listed_as_by_postgres[all]": PARAMETERS,
    "test_objects_are_listed_as_by_postgres[tables]": PARAMETERS,
    "test_the_inspector_finds_what_postgres_shows[asyncpg-get_multi_pk_constraint]": PARAMETERS,
    (
        "test_the_inspector_finds_what_postgres_shows[asyncpg-get_multi_unique_constraints]"
    ): PARAMETERS,
    "test_the_inspector_finds_what_postgres_shows[asyncpg-get_pk_constraint]": PARAMETERS,
    "test_the_inspector_finds_what_postgres_shows[asyncpg-get_unique_constraints]": PARAMETERS,
    "test_the_probe_finds_what_it_finds_with_postgres[bareParameters]": PARAMETERS,
    "test_the_probe_finds_what_it_finds_with_postgres[cursorLeftEarly]": PARAMETERS,
    "test_the_probe_finds_what_it_finds_with_postgres[cursor]": PARAMETERS,
    "test_the_probe_finds_what_it_finds_with_postgres[streamDestroyed]": PARAMETERS,
    "test_the_probe_finds_what_it_finds_with_postgres[stream]": PARAMETERS,
    "test_a_column_is_described_as_by_postgres['a'::char(3)]": TYPES,
    'test_a_column_is_described_as_by_postgres[\'{"a":1}\'::jsonb->\'a\']': TYPES,
    'test_a_column_is_described_as_by_postgres[\'{"a":1}\'::jsonb->>\'a\']': TYPES,
    "test_a_column_is_described_as_by_postgres[1.5]": TYPES,
    "test_a_column_is_described_as_by_postgres[1e3]": TYPES,
    "test_a_column_is_described_as_by_postgres[age(at)]": TYPES,
    "test_a_column_is_described_as_by_postgres[array_length(numbers,1)]": TYPES,
    "test_a_column_is_described_as_by_postgres[avg(exact)]": TYPES,
    "test_a_column_is_described_as_by_postgres[avg(small)]": TYPES,
    "test_a_column_is_described_as_by_postgres[avg(whole)]": TYPES,
    "test_a_column_is_described_as_by_postgres[b'101']": TYPES,
    "test_a_column_is_described_as_by_postgres[cardinality(numbers)]": TYPES,
    "test_a_column_is_described_as_by_postgres[case when truth then 1 else 1.5 end]": TYPES,
    "test_a_column_is_described_as_by_postgres[ceil(exact)]": TYPES,
    "test_a_column_is_described_as_by_postgres[current_timestamp]": TYPES,
    "test_a_column_is_described_as_by_postgres[date_part('year',day)]": TYPES,
    "test_a_column_is_described_as_by_postgres[date_trunc('month',day)]": TYPES,
    "test_a_column_is_described_as_by_postgres[day-day]": TYPES,
    "test_a_column_is_described_as_by_postgres[exact+1]": TYPES,
    "test_a_column_is_described_as_by_postgres[extract(epoch from at)]": TYPES,
    "test_a_column_is_described_as_by_postgres[extract(second from clock)]": TYPES,
    "test_a_column_is_described_as_by_postgres[extract(year from day)]": TYPES,
    "test_a_column_is_described_as_by_postgres[gen_random_uuid()]": TYPES,
    "test_a_column_is_described_as_by_postgres[generate_series(1,3)]": TYPES,
    "test_a_column_is_described_as_by_postgres[greatest(id,1.5)]": TYPES,
    "test_a_column_is_described_as_by_postgres[id*1.5]": TYPES,
    "test_a_column_is_described_as_by_postgres[id::numeric]": TYPES,
    "test_a_column_is_described_as_by_postgres[id::varchar(5)]": TYPES,
    "test_a_column_is_described_as_by_postgres[isfinite(day)]": TYPES,
    "test_a_column_is_described_as_by_postgres[json_build_object('a',1)]": TYPES,
    "test_a_column_is_described_as_by_postgres[ln(exact)]": TYPES,
    "test_a_column_is_described_as_by_postgres[money*2]": TYPES,
    "test_a_column_is_described_as_by_postgres[money*money]": TYPES,
    "test_a_column_is_described_as_by_postgres[money/3]": TYPES,
    "test_a_column_is_described_as_by_postgres[now()]": TYPES,
    "test_a_column_is_described_as_by_postgres[ntile(4) over ()]": TYPES,
    "test_a_column_is_described_as_by_postgres[pg_typeof(1)]": TYPES,
    "test_a_column_is_described_as_by_postgres[rank() over (order by id)]": TYPES,
    "test_a_column_is_described_as_by_postgres[round(exact)]": TYPES,
    "test_a_column_is_described_as_by_postgres[round(exact,2)]": TYPES,
    "test_a_column_is_described_as_by_postgres[row(1,'a')]": TYPES,
    "test_a_column_is_described_as_by_postgres[row_number() over ()]": TYPES,
    "test_a_column_is_described_as_by_postgres[sign(exact)]": TYPES,
    "test_a_column_is_described_as_by_postgres[single*2]": TYPES,
    "test_a_column_is_described_as_by_postgres[stddev(id)]": TYPES,
    "test_a_column_is_described_as_by_postgres[sum(big)]": TYPES,
    "test_a_column_is_described_as_by_postgres[sum(exact)]": TYPES,
    "test_a_column_is_described_as_by_postgres[sum(single)]": TYPES,
    "test_a_column_is_described_as_by_postgres[timeofday()]": TYPES,
    "test_a_column_is_described_as_by_postgres[to_json(id)]": TYPES,
    "test_a_column_is_described_as_by_postgres[to_timestamp(0)]": TYPES,
    "test_a_column_is_described_as_by_postgres[trunc(exact)]": TYPES,
    "test_a_column_is_described_as_by_postgres[trunc(exact,1)]": TYPES,
    "test_a_column_is_described_as_by_postgres[width_bucket(5,0,10,5)]": TYPES,
    "test_a_column_is_described_as_by_postgres[x'1F']": TYPES,
    "test_a_column_is_described_as_by_postgres[~5]": TYPES,
    "test_a_connection_does_what_it_does_with_postgres[parameters]": TYPES,
    "test_a_connection_does_what_it_does_with_postgres[resultTypes]": TYPES,
    "test_a_table_of_metadata_has_the_columns_of_postgres[getIndexInfo/5]": TYPES,
    "test_a_table_of_metadata_has_the_columns_of_postgres[getPrimaryKeys/3]": TYPES,
    "test_adbc_parameters_of_each_type": TYPES,
    "test_every_column_of_a_table_is_described_as_by_postgres": TYPES,
    "test_json_goes_in_and_comes_out[Json]": TYPES,
    "test_json_goes_in_and_comes_out[Jsonb]": TYPES,
    "test_odbc_rows_are_those_of_postgres[quad_word-bytea as long binary]": TYPES,
    "test_odbc_rows_are_those_of_postgres[quad_word-plain]": TYPES,
    "test_odbc_rows_are_those_of_postgres[quad_word-rollback of a statement]": TYPES,
    "test_odbc_rows_are_those_of_postgres[quad_word-rollback of everything]": TYPES,
    "test_odbc_rows_are_those_of_postgres[quad_word-server-side prepare off]": TYPES,
    "test_the_probe_finds_what_it_finds_with_postgres[parameters]": TYPES,
    "test_a_setting_acts_in_its_session_only[DateStyle]": SETTINGS,
    "test_a_setting_acts_in_its_session_only[IntervalStyle]": SETTINGS,
    "test_a_setting_acts_in_its_session_only[TimeZone]": SETTINGS,
    "test_a_setting_acts_in_its_session_only[bytea_output]": SETTINGS,
    "test_many_sessions_at_once_keep_their_zones": SETTINGS,
    "test_prepared_statements_follow_their_own_session": SETTINGS,
    "test_the_sixth_execution_is_prepared_and_gives_the_same_rows": PREPARE,
    "test_a_connection_does_what_it_does_with_postgres[call]": FUNCTIONS,
    "test_a_connection_does_what_it_does_with_postgres[escapes]": FUNCTIONS,
    "test_psycopg2_calls_a_function_and_joins_values": FUNCTIONS,
    "test_a_column_is_described_as_by_postgres[pg_backend_pid()]": CATALOG,
    "test_functions_are_listed": CATALOG,
    "test_the_inspector_finds_what_postgres_shows[asyncpg-get_columns of a schema]": CATALOG,
    "test_the_inspector_finds_what_postgres_shows[asyncpg-get_columns]": CATALOG,
    "test_the_inspector_finds_what_postgres_shows[asyncpg-get_multi_columns]": CATALOG,
    "test_types_are_found_as_in_postgres[MultirangeInfo-int4multirange]": CATALOG,
    "test_types_are_found_as_in_postgres[RangeInfo-int4range]": CATALOG,
}
