"""What is wrong with a statement or message is told as by PostgreSQL: code, words and place."""

import struct

import psycopg
import pytest

from gateway import Wire, fields
from postgres import postgres  # noqa: F401

# Statements that fail when they are understood or computed.
STATEMENTS = [
    # Relations and schemas
    "SELECT * FROM nowhere",
    "SELECT * FROM public.nowhere",
    "SELECT * FROM nowhere.types",
    "SELECT * FROM lake.public.nowhere",
    "SELECT * FROM elsewhere.public.types",
    "SELECT id FROM types JOIN nowhere USING (id)",
    "SELECT (SELECT max(id) FROM nowhere)",
    "WITH w AS (SELECT 1) SELECT * FROM v",
    'SELECT * FROM "Types"',
    # Columns
    "SELECT missing FROM types",
    "SELECT types.missing FROM types",
    "SELECT t.missing FROM types t",
    "SELECT types.id FROM types t",
    "SELECT u.id FROM types t",
    "SELECT id FROM types WHERE missing = 1",
    "SELECT id FROM types ORDER BY missing",
    "SELECT id FROM types GROUP BY missing",
    "SELECT id,\n       missing\nFROM types",
    "SELECT 'é', missing FROM types",
    "SELECT id FROM types a JOIN types b ON a.id = b.id",
    "SELECT * FROM types a JOIN types b USING (missing)",
    'SELECT "ID" FROM types',
    "SELECT id FROM types ORDER BY 2",
    "SELECT id, count(*) FROM types",
    "SELECT id FROM types WHERE count(*) > 1",
    "SELECT id FROM types WHERE row_number() OVER () = 1",
    "SELECT sum(count(*)) FROM types",
    # Functions, operators and types
    "SELECT missing(1)",
    "SELECT missing(1, 'a', id) FROM types",
    "SELECT upper(1, 2)",
    "SELECT nowhere.upper('a')",
    "SELECT 1 + true",
    "SELECT id || day FROM types WHERE text > 1",
    "SELECT text > 1 FROM types",
    "SELECT day = 1 FROM types",
    "SELECT -text FROM types",
    "SELECT NOT id FROM types",
    "SELECT id FROM types WHERE id",
    "SELECT 1::no_such_type",
    "SELECT CAST(1 AS no_such_type)",
    "SELECT 'a'::int4",
    "SELECT ''::int4",
    "SELECT '1.5'::int4",
    "SELECT 'maybe'::bool",
    "SELECT 'x'::date",
    "SELECT '2024-02-30'::date",
    "SELECT '2024-13-01'::date",
    "SELECT '25:00'::time",
    "SELECT 'x'::timestamptz",
    "SELECT 'x'::interval",
    "SELECT 'x'::numeric",
    "SELECT 'x'::uuid",
    "SELECT '{1,'::int4[]",
    "SELECT '{'::json",
    "SELECT 1000::numeric(3, 1)",
    "SELECT 99999999999::int4",
    "SELECT 2147483647 + 1",
    "SELECT 9223372036854775807 + 1",
    "SELECT 32767::int2 + 1::int2",
    "SELECT 1 / 0",
    "SELECT 1 % 0",
    "SELECT 1.5 / 0",
    "SELECT 1.0::float8 / 0",
    "SELECT sqrt(-1)",
    "SELECT ln(0)",
    "SELECT 1e400::float8",
    "SELECT CASE WHEN true THEN 1 ELSE 'a' END",
    "SELECT coalesce(1, true)",
    "SELECT 1 UNION SELECT true",
    "SELECT 1 UNION SELECT 1, 2",
    "SELECT 1 IN (SELECT 1, 2)",
    "SELECT (SELECT 1, 2)",
    "SELECT (SELECT id FROM types)",
    "SELECT * FROM (VALUES (1), (1, 2)) AS v",
    "SELECT id FROM types LIMIT -1",
    "SELECT id FROM types OFFSET -1",
    "SELECT id FROM types LIMIT 'a'",
    "SELECT now() AT TIME ZONE 'Nowhere/At_All'",
    "SELECT date_trunc('fortnight', now())",
    "SELECT extract(fortnight FROM now())",
    "SELECT text LIKE 'a\\' FROM types",
    "SELECT substring('abc' from 1 for -1)",
    "SELECT array[1, 'a']",
    "SELECT 'nowhere'::regclass",
    "SELECT 'no_such_type'::regtype",
    # Syntax
    "SELEC 1",
    "SELECT 1 FRM types",
    "SELECT FROM WHERE",
    "SELECT 1 +",
    "SELECT 'open",
    'SELECT "open',
    "SELECT /* open",
    "SELECT $$open",
    "SELECT (1",
    "SELECT 1)",
    "SELECT * FROM types WHERE",
    "SELECT * FROM types ORDER",
    "SELECT 1,, 2",
    "SELECT ,",
    'SELECT ""',
    "SELECT 1 AS select, 2 AS",
    "",
    # Settings and sessions
    "SET nothing_like_this = 1",
    "SET TimeZone = 'Nowhere/At_All'",
    "SET statement_timeout = 'soon'",
    "SET statement_timeout = -5",
    "SET client_encoding = 'NOTHING'",
    "SET DateStyle = 'sideways'",
    "SET server_version = '9'",
    "SHOW nothing_like_this",
    "RESET nothing_like_this",
    "SELECT current_setting('nothing_like_this')",
    "SELECT set_config('nothing_like_this', '1', false)",
    "EXECUTE nothing",
    "DEALLOCATE nothing",
    "FETCH 1 FROM nothing",
    "CLOSE nothing",
    "MOVE 1 FROM nothing",
    "SAVEPOINT a",
    "ROLLBACK TO nothing",
    "RELEASE nothing",
    "SET ROLE nobody",
    "DECLARE c CURSOR FOR SELECT 1",
    "EXPLAIN SELECT * FROM nowhere",
    "EXPLAIN (NOTHING) SELECT 1",
]


def refusals(peer, sql):
    """Code, words and place, in one session that must live on."""
    with peer.connect() as connection:
        try:
            cursor = connection.execute(sql)
            found = cursor.fetchall() if cursor.description else cursor.statusmessage
            return "no error", found, None
        except psycopg.Error as error:
            told = error.diag
            assert connection.execute("SELECT 'alive'").fetchone() == ("alive",)
            return told.sqlstate, told.message_primary, told.statement_position


@pytest.mark.parametrize("sql", STATEMENTS)
def test_the_code_is_that_of_postgres(sql, server, postgres):  # noqa: F811
    mine, theirs = refusals(server, sql), refusals(postgres, sql)
    assert (mine[0], mine[1]) == theirs[:2] or mine[0] == theirs[0] != "no error", (mine, theirs)


# Tools match these words (Superset by regular expressions, Metabase, asyncpg's users).
WORDS = [
    sql for sql in STATEMENTS
    if any(word in sql.lower() for word in ("nowhere", "missing", "no_such_type", "nothing", "/ 0",
                                            "::int4", "::date", "::bool", "::uuid", "selec 1"))
    and "substring" not in sql
]


@pytest.mark.parametrize("sql", WORDS)
def test_the_words_are_those_of_postgres(sql, server, postgres):  # noqa: F811
    assert refusals(server, sql)[1] == refusals(postgres, sql)[1]


@pytest.mark.parametrize("sql", STATEMENTS)
def test_the_place_is_that_of_postgres(sql, server, postgres):  # noqa: F811
    assert refusals(server, sql)[2] == refusals(postgres, sql)[2]


# Parameters


@pytest.mark.parametrize(
    "sql, values",
    [
        ("SELECT %s::int4", ["x"]),
        ("SELECT id FROM types WHERE day = %s", ["x"]),
        ("SELECT %s + 1", ["x"]),
        ("SELECT id FROM types WHERE whole = %s", ["99999999999"]),
        ("SELECT %s::int2", [70000]),
        ("SELECT 1 / %s::int4", [0]),
        ("SELECT %s::uuid", ["x"]),
        ("SELECT id FROM types LIMIT %s", [-1]),
    ],
)
def test_values_that_do_not_fit_are_refused(sql, values, server, postgres):  # noqa: F811
    def refusal(peer):
        with peer.connect() as connection:
            with pytest.raises(psycopg.Error) as error:
                connection.execute(sql, values).fetchall()
            return error.value.diag.sqlstate

    assert refusal(server) == refusal(postgres)


# Messages

SYNC = (b"S", b"")


def text(word):
    return word.encode() + b"\0"


def parse(sql, name="", types=()):
    return (b"P", text(name) + text(sql) + struct.pack(f"!h{len(types)}I", len(types), *types))


def bind(values=(), formats=(), results=(), portal="", statement=""):
    body = text(portal) + text(statement)
    body += struct.pack(f"!h{len(formats)}h", len(formats), *formats)
    body += struct.pack("!h", len(values))
    for value in values:
        body += struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value
    return (b"B", body + struct.pack(f"!h{len(results)}h", len(results), *results))


def execute(portal="", rows=0):
    return (b"E", text(portal) + struct.pack("!i", rows))


ONE = parse("SELECT $1::int4")
MESSAGES = {
    "a statement that was never parsed": [bind(statement="nothing"), SYNC],
    "a portal that was never bound": [execute("nothing"), SYNC],
    "describe an unknown statement": [(b"D", b"Snothing\0"), SYNC],
    "describe an unknown portal": [(b"D", b"Pnothing\0"), SYNC],
    "describe neither": [(b"D", b"Xnothing\0"), SYNC],
    "close neither": [(b"C", b"Xnothing\0"), SYNC],
    "close an unknown statement": [(b"C", b"Snothing\0"), SYNC],
    "too few values": [ONE, bind(), SYNC],
    "too many values": [ONE, bind([b"1", b"2"]), SYNC],
    "two formats for three values": [
        parse("SELECT $1::int4, $2::int4, $3::int4"), bind([b"1"] * 3, formats=[0, 0]), SYNC,
    ],
    "an unknown format": [ONE, bind([b"1"], formats=[7]), SYNC],
    "an unknown result format": [ONE, bind([b"1"], results=[7]), execute(), SYNC],
    "more result formats than columns": [ONE, bind([b"1"], results=[0, 0, 0]), execute(), SYNC],
    "a binary value of the wrong length": [ONE, bind([b"\0\0\1"], formats=[1]), execute(), SYNC],
    "a binary text that is no UTF-8": [
        parse("SELECT $1::text"), bind([b"\xff\xfe"], formats=[1]), execute(), SYNC,
    ],
    "a text with a zero byte": [parse("SELECT $1::text"), bind([b"a\0b"]), execute(), SYNC],
    "a statement that is no UTF-8": [(b"P", b"\0SELECT '\xff'\0\0\0"), SYNC],
    "a query that is no UTF-8": [(b"Q", b"SELECT '\xff'\0")],
    "a name twice": [parse("SELECT 1", "twice"), parse("SELECT 2", "twice"), SYNC],
    "a portal twice": [
        parse("SELECT 1"), bind(portal="twice"), bind(portal="twice"), SYNC,
    ],
    "two statements in one parse": [parse("SELECT 1; SELECT 2"), SYNC],
    "a gap in the parameters": [parse("SELECT $2::int4"), bind([b"1", b"2"]), execute(), SYNC],
    "parameter zero": [parse("SELECT $0"), SYNC],
    "a negative row count": [parse("SELECT 1"), bind(), execute(rows=-1), SYNC],
    "an unknown function call": [(b"F", struct.pack("!Ihhh", 99999999, 0, 0, 0))],
    "copy data outside a copy": [(b"d", b"data"), (b"c", b""), SYNC],
    "copy fail outside a copy": [(b"f", b"why\0"), SYNC],
    "flush alone": [(b"H", b""), SYNC],
    "execute after an error": [parse("SELEC"), bind(), execute(), SYNC],
}


def spoken(peer, messages):
    """What the server answers, up to its readiness, and whether the session lives on."""
    wire = Wire(peer)
    wire.socket.settimeout(20)
    wire.send(*messages)
    found = []
    for kind, body in wire.until(b"Z"):
        found.append((kind.decode(), fields(body)["C"] if kind == b"E" else ""))
    wire.simple("SELECT 'alive'")
    alive = [kind for kind, _ in wire.until(b"Z")]
    wire.close()
    return found, alive


@pytest.mark.parametrize("name", MESSAGES)
def test_messages_are_answered_as_by_postgres(name, server, postgres):  # noqa: F811
    assert spoken(server, MESSAGES[name]) == spoken(postgres, MESSAGES[name])


# After these PostgreSQL ends the connection: what follows cannot be told apart any more.
BROKEN = {
    "an unknown kind": (b"?", b""),
    "a bind that ends early": (b"B", b"\0\0\0\1"),
    "a parse without its end": (b"P", b"\0SELECT 1"),
    "a parse that promises more types": (b"P", b"\0SELECT 1\0" + struct.pack("!h", 9)),
    "a parse with too much": (b"P", b"\0SELECT 1\0\0\0more"),
    "an execute without rows": (b"E", b"\0"),
    "a describe without a name": (b"D", b"S"),
    "a query without its end": (b"Q", b"SELECT 1"),
    "a bind with a negative count": (b"B", b"\0\0" + struct.pack("!hh", 0, -5)),
    "a value of a negative length": (
        b"B", b"\0\0" + struct.pack("!hhi", 0, 1, -7) + struct.pack("!h", 0)
    ),
    "a value longer than its message": (b"B", b"\0\0" + struct.pack("!hhi", 0, 1, 1 << 20)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_message_is_a_protocol_violation(name, server, postgres):  # noqa: F811
    def answer(peer):
        wire = Wire(peer)
        wire.socket.settimeout(20)
        wire.send(parse("SELECT $1::int4"), BROKEN[name], SYNC)
        while True:
            try:
                kind, body = wire.message()
            except ConnectionError:
                return "closed without a word"
            if kind == b"E":
                wire.close()
                return fields(body)["C"]
            if kind == b"Z":
                wire.close()
                return "taken"

    assert answer(server) == answer(postgres)
    assert server.query("SELECT 1") == [(1,)]
