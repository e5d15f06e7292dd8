"""The name, type and typmod of a result's column: what drivers choose a language's type by.

A driver that gets int8 where PostgreSQL gives int4 shows a string (node-postgres) or another column
of a data frame (ADBC, connectorx), and one that gets text shows a document as its text.
"""

import struct

import pytest

from gateway import Wire, fields
from postgres import postgres  # noqa: F401

# Literals, casts, operators, functions and aggregates, each over the sample table.
EXPRESSIONS = [
    "1", "2147483648", "9223372036854775808", "1.5", "1e3", "1e3::float8", "'x'", "NULL",
    "array[1,2]", "array['a']", "array_agg(id)", "count(*)", "sum(small)", "sum(whole)", "sum(big)",
    "sum(exact)", "sum(single)", "sum(floating)", "avg(small)", "avg(whole)", "avg(floating)",
    "avg(exact)", "max(text)", "min(day)", "id+1", "small+1", "big+1", "id*1.5", "id/2", "money*2",
    "money*money", "money/3", "exact+1", "floating*2", "single*2", "day+1", "day-day", "at-at",
    "at-interval '1 day'", "day+interval '1 day'", "now()", "current_date", "current_timestamp",
    "localtimestamp", "extract(year from day)", "date_part('year',day)", "date_trunc('month',day)",
    "date_trunc('month',at)", "date_trunc('month',instant)", "upper(text)", "length(text)",
    "position('a' in text)", "text||'a'", "id::float4", "id::text", "id::varchar(5)",
    "'a'::char(3)", "id::numeric", "id::numeric(10,2)", "round(exact)", "round(exact,2)",
    "round(floating)", "floor(floating)", "ceil(exact)", "abs(small)", "sign(exact)", "mod(id,2)",
    "power(id,2)", "sqrt(id)", "random()", "row_number() over ()", "rank() over (order by id)",
    "ntile(4) over ()", "lag(id) over ()", "coalesce(id,1)", "coalesce(small,1)",
    "case when truth then 1 else 2 end", "case when truth then small else whole end",
    "case when truth then 1 else 1.5 end", "nullif(id,1)", "greatest(id,1.5)",
    "string_agg(text,',')", "bool_and(truth)", "stddev(id)",
    "percentile_cont(0.5) within group (order by id)", "to_char(at,'YYYY')",
    "to_date('2020','YYYY')", "to_timestamp(0)", "age(at)", "interval '1 day'", "time '01:00'",
    "make_date(2020,1,1)", "split_part(text,',',1)", "string_to_array(text,',')", "current_user",
    "current_database()", "version()", "pg_backend_pid()", "gen_random_uuid()", "md5(text)",
    "encode(bytes,'hex')", "octet_length(text)", "cardinality(numbers)", "array_length(numbers,1)",
    "numbers[1]", "array_append(numbers,1)", "unnest(numbers)", "generate_series(1,3)",
    "truth and true", "id = 1", "id is null", "exists(select 1)", "(select 1)",
    "(select count(*) from types)", '\'{"a":1}\'::jsonb', '\'{"a":1}\'::jsonb->\'a\'',
    '\'{"a":1}\'::jsonb->>\'a\'', "row(1,'a')", "'1'::oid", "'types'::regclass", "'int4'::regtype",
    "'a'::name", '\'a\'::"char"', "b'101'", "x'1F'", "-1", "- id", "2^3", "5%2", "~5", "5&3",
    "1<<2", "every(truth)", "array_agg(text)", "json_build_object('a',1)", "to_json(id)",
    "now()::date", "now()::time", "now()::timestamp", "timestamp '2020-01-01' at time zone 'UTC'",
    "instant at time zone 'UTC'", "count(distinct id)", "sum(id) over ()", "width_bucket(5,0,10,5)",
    "trunc(exact)", "trunc(exact,1)", "log(100)", "ln(exact)", "exp(1)", "pi()", "corr(id,whole)",
    "regexp_replace(text,'a','b')", "regexp_match(text,'a')", "substring(text,1,2)",
    "overlay(text placing 'x' from 1)", "concat(text,1)", "format('%s',1)", "quote_ident('a')",
    "ascii('a')", "chr(65)", "to_hex(255)", "bit_and(id)", "timeofday()",
    "date '2020-01-01' - integer '1'", "extract(epoch from at)", "extract(second from clock)",
    "current_setting('TimeZone')", "pg_typeof(1)", "clock - clock", "clock + interval '1 hour'",
    "isfinite(day)",
]


def described(peer, sql):
    """The columns a statement will have, or the code of its error."""
    wire = Wire(peer)
    wire.send((b"P", b"\0" + sql.encode() + b"\0\0\0"), (b"D", b"S\0"), (b"S", b""))
    found = []
    for kind, body in wire.until(b"Z"):
        if kind == b"E":
            found.append(fields(body)["C"])
        elif kind == b"T":
            count, rest = *struct.unpack("!h", body[:2]), body[2:]
            for _ in range(count):
                name, _, rest = rest.partition(b"\0")
                _, _, oid, size, modifier, _ = struct.unpack("!IhIhih", rest[:18])
                found.append((name.decode(), oid, size, modifier))
                rest = rest[18:]
    wire.close()
    return found


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_column_is_described_as_by_postgres(expression, server, postgres):  # noqa: F811
    sql = f"SELECT {expression} FROM types"
    mine, theirs = described(server, sql), described(postgres, sql)
    assert mine == theirs


def test_every_column_of_a_table_is_described_as_by_postgres(server, postgres):  # noqa: F811
    sql = "SELECT * FROM types"
    assert described(server, sql) == described(postgres, sql)
