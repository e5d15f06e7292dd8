"""Every scalar type, out through text and binary results and in as a parameter, value for value."""

import datetime as dt
import math
from decimal import Decimal
from zoneinfo import ZoneInfo

import psycopg
import pytest

import sample

ZONE = "America/Sao_Paulo"


def same(mine, theirs):
    """Equal, of the same Python type, and NaN equals NaN."""
    if isinstance(theirs, float) and isinstance(mine, float):
        return mine == theirs or (math.isnan(mine) and math.isnan(theirs))
    if isinstance(theirs, list):
        return isinstance(mine, list) and len(mine) == len(theirs) and all(map(same, mine, theirs))
    if isinstance(mine, Decimal) and isinstance(theirs, int):
        # Postgres has no unsigned types: 64 bits without a sign travel as numeric.
        return mine == theirs
    return type(mine) is type(theirs) and mine == theirs


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
@pytest.mark.parametrize("name", list(sample.COLUMNS))
def test_values_come_out_as_they_went_in(name, binary, connection):
    cursor = connection.cursor(binary=binary)
    cursor.execute(f'SELECT "{name}" FROM types ORDER BY id')
    values = [row[0] for row in cursor.fetchall()]
    expected = sample.table().column(name).to_pylist()
    assert len(values) == len(expected) == 4
    differing = [(mine, theirs) for mine, theirs in zip(values, expected) if not same(mine, theirs)]
    assert differing == []


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_all_columns_at_once(binary, connection):
    rows = connection.cursor(binary=binary).execute("SELECT * FROM types ORDER BY id").fetchall()
    expected = sample.table().to_pylist()
    for row, wanted in zip(rows, expected, strict=True):
        assert all(map(same, row, wanted.values()))


@pytest.mark.parametrize(
    "name, number",
    [
        ("truth", 16), ("small", 21), ("whole", 23), ("big", 20), ("single", 700),
        ("floating", 701), ("exact", 1700), ("quad_word", 1700), ("double_word", 20),
        ("bytes", 17), ("four_bytes", 17), ("day", 1082), ("at", 1114), ("at_ms", 1114),
        ("instant", 1184), ("clock", 1083), ("numbers", 1007),
    ],
)
def test_types_are_named_as_postgres_names_them(name, number, connection):
    described = connection.execute(f'SELECT "{name}" FROM types').description[0]
    assert described.type_code == number


def test_text_is_text(connection):
    for name in ["text", "large_text", "word_of_few"]:
        described = connection.execute(f'SELECT "{name}" FROM types').description[0]
        assert described.type_code in (25, 1043)


def raw(connection, sql):
    """The bytes of the first value in text format, as psql would print them."""
    return connection.execute(sql).pgresult.get_value(0, 0).decode()


@pytest.mark.parametrize(
    "sql, text",
    [
        ("SELECT floating FROM types WHERE id = 1", "NaN"),
        ("SELECT floating FROM types WHERE id = 2", "Infinity"),
        ("SELECT single FROM types WHERE id = 2", "-Infinity"),
        ("SELECT floating FROM types WHERE id = 3", "0.1"),
        ("SELECT truth FROM types WHERE id = 2", "f"),
        ("SELECT money FROM types WHERE id = 2", "0.00"),
        ("SELECT exact FROM types WHERE id = 3", "0.0000000001"),
        ("SELECT bytes FROM types WHERE id = 2", "\\x00ff7f"),
        ("SELECT day FROM types WHERE id = 1", "0001-01-01"),
        ("SELECT at FROM types WHERE id = 3", "2026-02-28 12:34:56.789012"),
        ("SELECT at_ms FROM types WHERE id = 3", "2026-02-28 12:34:56.789"),
        ("SELECT at FROM types WHERE id = 1", "0001-01-01 00:00:00"),
        ("SELECT clock FROM types WHERE id = 2", "12:34:56.789012"),
        ("SELECT numbers FROM types WHERE id = 2", "{1,NULL,3}"),
        ("SELECT words FROM types WHERE id = 1", '{a,NULL,"NULL"}'),
        ("SELECT words FROM types WHERE id = 3", '{"q\\"{}\\\\,"}'),
        ("SELECT 1e20::float8", "1e+20"),
        ("SELECT 1e15::float8", "1e+15"),
        ("SELECT 123456789012345::float8", "123456789012345"),
        ("SELECT 0.0001::float8", "0.0001"),
        ("SELECT 0.00001::float8", "1e-05"),
        ("SELECT 100000::float8", "100000"),
        ("SELECT '-0'::float8", "-0"),
        ("SELECT date '2026-02-28' - date '2026-02-01'", "27"),
    ],
)
def test_text_is_printed_as_postgres_prints_it(sql, text, connection):
    assert raw(connection, sql) == text


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_instants_in_the_sessions_time_zone(binary, connection):
    connection.execute(f"SET TimeZone TO '{ZONE}'")
    cursor = connection.cursor(binary=binary)
    values = [row[0] for row in cursor.execute("SELECT instant FROM types ORDER BY id")]
    assert values[:3] == sample.COLUMNS["instant"][1]
    assert values[1].utcoffset() == dt.timedelta(hours=-3)
    naive = cursor.execute("SELECT at FROM types WHERE id = 3").fetchone()[0]
    assert naive == sample.COLUMNS["at"][1][2], "a timestamp without a zone does not move"
    assert raw(connection, "SELECT instant FROM types WHERE id = 2") == (
        "2026-06-30 23:30:00.000005-03"
    )
    connection.execute("RESET TimeZone")
    assert raw(connection, "SELECT instant FROM types WHERE id = 2") == (
        "2026-07-01 02:30:00.000005+00"
    )


def test_the_time_zone_decides_what_text_means(connection):
    connection.execute(f"SET TimeZone TO '{ZONE}'")
    value = connection.execute("SELECT timestamptz '2026-07-01 12:00:00'").fetchone()[0]
    assert value == dt.datetime(2026, 7, 1, 12, tzinfo=ZoneInfo(ZONE))
    value = connection.execute("SELECT timestamptz '2026-07-01 12:00:00+02'").fetchone()[0]
    assert value == dt.datetime(2026, 7, 1, 10, tzinfo=dt.timezone.utc)
    hour = connection.execute(
        "SELECT extract(hour FROM instant) FROM types WHERE id = 2"
    ).fetchone()[0]
    assert int(hour) == 23


PARAMETERS = [
    ("int2", 7),
    ("int4", -2147483648),
    ("int8", 9223372036854775807),
    ("float8", 0.1),
    ("float8", float("nan")),
    ("float8", float("-inf")),
    ("numeric", Decimal("12345678901234567890.0123456789")),
    ("numeric", Decimal("-0.5")),
    ("bool", True),
    ("text", "çé漢字🙂 ' \\ "),
    ("text", ""),
    ("bytea", b"\x00\xff'\\"),
    ("date", dt.date(2024, 2, 29)),
    ("timestamp", dt.datetime(2024, 2, 29, 23, 59, 59, 999999)),
    ("timestamptz", dt.datetime(2024, 2, 29, 23, 59, 59, 1, tzinfo=dt.timezone.utc)),
    ("time", dt.time(23, 59, 59, 999999)),
    ("int8[]", [1, 2, 9223372036854775807]),
    ("text[]", ["a", 'b"', "ç,"]),
]


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
@pytest.mark.parametrize("type_name, value", PARAMETERS, ids=lambda p: str(p)[:20])
def test_parameters_come_back(type_name, value, binary, connection):
    placeholder = "%b" if binary else "%t"
    cursor = connection.cursor(binary=binary)
    cursor.execute(f"SELECT {placeholder}::{type_name} AS value", [value])
    assert same(cursor.fetchone()[0], value)
    cursor.execute(f"SELECT {placeholder}::{type_name} AS value", [None])
    assert cursor.fetchone()[0] is None


@pytest.mark.parametrize(
    "name, row",
    [
        ("whole", 3), ("big", 1), ("exact", 3), ("text", 2), ("day", 2),
        ("at", 3), ("instant", 2), ("clock", 2), ("bytes", 2), ("truth", 2),
    ],
)
@pytest.mark.parametrize("placeholder", ["%t", "%b"], ids=["text", "binary"])
def test_parameters_find_rows(name, row, placeholder, connection):
    value = sample.COLUMNS[name][1][row - 1]
    sql = f'SELECT id FROM types WHERE "{name}" = {placeholder} ORDER BY id'
    expected = [i + 1 for i, other in enumerate(sample.COLUMNS[name][1]) if other == value]
    assert [found for (found,) in connection.execute(sql, [value])] == expected


@pytest.mark.parametrize(
    "sql, code",
    [
        ("SELECT 'x'::int", "22P02"),
        ("SELECT '2026-13-01'::date", "22008"),
        ("SELECT 3000000000::int4", "22003"),
        ("SELECT 1/0", "22012"),
        ("SELECT '400'::text::int2 / 0", "22012"),
        ("SELECT 32768::int2", "22003"),
        ("SELECT 9223372036854775807 + 1", "22003"),
    ],
)
def test_values_that_do_not_fit(sql, code, connection):
    with pytest.raises(psycopg.Error) as error:
        connection.execute(sql).fetchall()
    # Postgres tells a date's range from its form; one code for both is accepted.
    assert error.value.sqlstate in ({code, "22P02", "22007"} if code == "22008" else {code})
