"""psycopg 3 and psycopg2 beyond plain queries: cursors of the server, COPY, prepared, pipelines."""

import asyncio
import contextlib
import datetime as dt
import decimal
import io
import threading

import psycopg
import psycopg2
import psycopg2.errors
import psycopg2.extensions
import psycopg2.extras
import pytest
from psycopg import errors, sql
from psycopg.types import TypeInfo
from psycopg.types.composite import CompositeInfo
from psycopg.types.enum import EnumInfo
from psycopg.types.json import Json, Jsonb
from psycopg.types.multirange import MultirangeInfo
from psycopg.types.range import RangeInfo

from postgres import TYPES, postgres  # noqa: F401
from test_types import same

SERIES = "SELECT v FROM generate_series(1, 1000) AS t(v) ORDER BY v"


def numbers(rows):
    return [row[0] for row in rows]


@pytest.fixture
def old(server):
    """A psycopg2 connection, which opens a transaction with its first statement."""
    with contextlib.closing(psycopg2.connect(server.dsn)) as opened:
        yield opened


@pytest.fixture
def transaction(server):
    with server.connect(autocommit=False) as opened:
        yield opened


# psycopg 3: cursors of the server (DECLARE, FETCH, MOVE, CLOSE)


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_a_named_cursor_reads_in_parts(binary, transaction):
    with transaction.cursor("parts", binary=binary) as cursor:
        cursor.itersize = 70
        cursor.execute(SERIES)
        assert cursor.fetchone() == (1,)
        assert numbers(cursor.fetchmany(9)) == list(range(2, 11))
        assert numbers(cursor) == list(range(11, 1001))
        assert cursor.fetchone() is None


def test_a_named_cursor_takes_parameters(transaction):
    with transaction.cursor("with_parameters") as cursor:
        cursor.execute("SELECT id, %s::text FROM types WHERE id > %s ORDER BY id", ["a'b", 2])
        assert cursor.fetchall() == [(3, "a'b"), (4, "a'b")]


def test_a_named_cursor_describes_its_columns_before_the_first_fetch(transaction):
    with transaction.cursor("described") as cursor:
        cursor.execute("SELECT id, exact, words FROM types")
        assert [(column.name, column.type_code) for column in cursor.description] == [
            ("id", 23), ("exact", 1700), ("words", 1009),
        ]


def test_a_cursor_scrolls_back_and_forth(transaction):
    with transaction.cursor("scrolled", scrollable=True) as cursor:
        cursor.execute(SERIES)
        found = [cursor.fetchone()[0]]
        for value, mode in [(10, "relative"), (-3, "relative"), (500, "absolute"), (0, "absolute")]:
            cursor.scroll(value, mode=mode)
            found.append(cursor.fetchone()[0])
        assert found == [1, 12, 10, 501, 1]


def test_a_cursor_without_scroll_refuses_to_go_back(transaction):
    with transaction.cursor("one_way", scrollable=False) as cursor:
        cursor.execute(SERIES)
        cursor.fetchmany(10)
        with pytest.raises(errors.ObjectNotInPrerequisiteState):
            cursor.scroll(-5)


def test_a_cursor_with_hold_outlives_its_transaction(transaction):
    cursor = transaction.cursor("held", withhold=True)
    cursor.execute(SERIES)
    assert numbers(cursor.fetchmany(5)) == [1, 2, 3, 4, 5]
    transaction.commit()
    assert numbers(cursor.fetchmany(3)) == [6, 7, 8]
    assert len(cursor.fetchall()) == 992
    cursor.close()
    transaction.commit()
    with pytest.raises(errors.InvalidCursorName):
        transaction.execute("FETCH 1 FROM held")


def test_a_cursor_without_hold_ends_with_its_transaction(transaction):
    cursor = transaction.cursor("brief")
    cursor.execute(SERIES)
    transaction.commit()
    with pytest.raises(errors.InvalidCursorName):
        cursor.fetchone()
    transaction.rollback()


def test_a_cursor_needs_a_transaction_unless_it_holds(server):
    with server.connect() as connection:
        with pytest.raises(errors.NoActiveSqlTransaction):
            connection.cursor("outside").execute(SERIES)
        with connection.cursor("outside", withhold=True) as cursor:
            cursor.execute(SERIES)
            assert cursor.fetchone() == (1,)


# The words of PostgreSQL's FETCH and MOVE: each with what it gives after the ones before it.
WALK = [
    "FETCH NEXT FROM walk", "FETCH 3 FROM walk", "FETCH FORWARD 2 IN walk", "FETCH PRIOR FROM walk",
    "FETCH BACKWARD 2 FROM walk", "FETCH ABSOLUTE 9 FROM walk", "FETCH RELATIVE -4 FROM walk",
    "FETCH 0 FROM walk", "FETCH FIRST FROM walk", "MOVE 3 FROM walk", "FETCH walk",
    "MOVE BACKWARD ALL IN walk", "FETCH LAST FROM walk", "FETCH NEXT FROM walk",
    "FETCH ABSOLUTE -2 FROM walk", "MOVE LAST FROM walk", "FETCH BACKWARD ALL FROM walk",
    "FETCH ALL FROM walk", "FETCH ALL FROM walk", "MOVE ABSOLUTE 0 IN walk", "FETCH -1 FROM walk",
    "FETCH FORWARD ALL IN walk", "CLOSE walk",
]


def test_every_way_to_fetch_and_move_is_that_of_postgres(server, postgres):  # noqa: F811
    def walked(peer):
        found = []
        with peer.connect(autocommit=False) as connection:
            connection.execute(
                "DECLARE walk SCROLL CURSOR FOR SELECT v FROM generate_series(1, 12) t(v) "
                "ORDER BY v"
            )
            for step in WALK:
                cursor = connection.execute(step)
                rows = numbers(cursor.fetchall()) if cursor.description else None
                found.append((step, cursor.statusmessage, rows))
        return found

    assert walked(server) == walked(postgres)


def test_open_cursors_are_listed(transaction):
    transaction.execute("DECLARE listed NO SCROLL CURSOR WITH HOLD FOR SELECT 1")
    listed = "SELECT name, is_holdable, is_binary, is_scrollable FROM pg_cursors WHERE name <> ''"
    assert transaction.execute(listed).fetchall() == [("listed", True, False, False)]
    transaction.execute("CLOSE ALL")
    assert transaction.execute(listed).fetchall() == []


def test_a_binary_cursor_gives_binary_values(transaction):
    transaction.execute("DECLARE bin BINARY CURSOR FOR SELECT 258::int4")
    result = transaction.pgconn.exec_(b"FETCH 1 FROM bin")
    assert result.get_value(0, 0) == b"\x00\x00\x01\x02"


def test_the_same_name_twice_is_refused(transaction):
    transaction.execute("DECLARE twice CURSOR FOR SELECT 1")
    with pytest.raises(errors.DuplicateCursor):
        transaction.execute("DECLARE twice CURSOR FOR SELECT 1")


# psycopg 3: prepared statements, pipelines


def test_the_sixth_execution_is_prepared_and_gives_the_same_rows(server):
    with server.connect() as connection:
        found = [
            connection.execute("SELECT id FROM types WHERE id > %s ORDER BY id", [2]).fetchall()
            for _ in range(12)
        ]
        assert found == [[(3,), (4,)]] * 12
        prepared = "SELECT statement, parameter_types::text FROM pg_prepared_statements"
        assert connection.execute(prepared, prepare=False).fetchall() == [
            ("SELECT id FROM types WHERE id > $1 ORDER BY id", "{smallint}")
        ]


def test_a_prepared_statement_with_other_types_is_another_one(server):
    with server.connect(prepare_threshold=0) as connection:
        for value in (1, 70000, 2**40, decimal.Decimal("1.5"), 0.5, "2"):
            row = connection.execute("SELECT id FROM types WHERE id = %s - 0", [value])
            assert row.fetchone() in ((1,), (2,), None)


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
@pytest.mark.parametrize("column", TYPES)
def test_rows_are_those_of_postgres(column, binary, server, postgres):  # noqa: F811
    def rows(peer):
        with peer.connect() as connection, connection.cursor(binary=binary) as cursor:
            found = cursor.execute(f'SELECT "{column}" FROM types ORDER BY id').fetchall()
            return cursor.description[0].type_code, numbers(found)

    (mine, found), (theirs, expected) = rows(server), rows(postgres)
    assert mine == theirs
    assert all(same(*pair) for pair in zip(found, expected, strict=True)), (found, expected)


def test_an_error_in_a_pipeline_skips_up_to_the_next_sync(server):
    with server.connect() as connection:
        with connection.pipeline() as pipeline:
            good = connection.execute("SELECT 1")
            connection.execute("SELECT 1 / 0")
            skipped = connection.cursor()
            # psycopg raises it wherever it first sees the answer, already here or at the sync.
            with pytest.raises(errors.DivisionByZero):
                skipped.execute("SELECT 2")
                pipeline.sync()
            assert good.fetchone() == (1,)
            with pytest.raises(psycopg.ProgrammingError, match="result"):
                skipped.fetchone()
        assert connection.execute("SELECT 3").fetchone() == (3,)


def test_a_pipeline_holds_transactions_and_many_statements(server):
    with server.connect() as connection, connection.pipeline():
        with connection.transaction():
            cursors = [
                connection.execute("SELECT count(*) + %s FROM types", [n]) for n in range(50)
            ]
        assert [cursor.fetchone()[0] for cursor in cursors] == [n + 4 for n in range(50)]


def test_executemany_returns_every_result(server):
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.executemany("SELECT %s::int4", [(n,) for n in range(30)], returning=True)
        found = [cursor.fetchone()[0]]
        while cursor.nextset():
            found.append(cursor.fetchone()[0])
        assert found == list(range(30))


def test_raw_and_client_side_parameters(server):
    with psycopg.connect(server.dsn, cursor_factory=psycopg.RawCursor) as connection:
        row = connection.execute("SELECT $2::text || $1::text", ["a", "b"]).fetchone()
        assert row == ("ba",)
    with psycopg.connect(server.dsn, cursor_factory=psycopg.ClientCursor) as connection:
        values = [1, "é'\\", decimal.Decimal("1.50"), None, dt.date(2024, 2, 29), [1, 2], b"\0"]
        row = connection.execute("SELECT " + ", ".join(["%s"] * len(values)), values).fetchone()
        assert list(row) == values


def test_the_async_connection_streams_and_cancels(server):
    async def work():
        async with await psycopg.AsyncConnection.connect(server.dsn) as connection:
            async with connection.cursor("async_parts") as cursor:
                await cursor.execute(SERIES)
                total = sum([row[0] async for row in cursor])
            await connection.commit()
            return total

    assert asyncio.run(work()) == 500500


def test_inner_transactions_roll_back_alone(server):
    with server.connect() as connection:
        with connection.transaction():
            with pytest.raises(errors.DivisionByZero), connection.transaction("inner"):
                connection.execute("SET LOCAL TimeZone = 'Asia/Tokyo'")
                connection.execute("SELECT 1 / 0").fetchall()
            assert connection.execute("SHOW TimeZone").fetchone() == ("UTC",)
            with connection.transaction(force_rollback=True):
                connection.execute("SET TimeZone = 'Asia/Tokyo'")
            assert connection.execute("SHOW TimeZone").fetchone() == ("UTC",)


def test_kinds_of_transactions(server):
    with server.connect(autocommit=False) as connection:
        for level in psycopg.IsolationLevel:
            connection.isolation_level, connection.read_only = level, True
            connection.deferrable = True
            shown = connection.execute("SHOW transaction_isolation").fetchone()[0]
            assert shown == level.name.lower().replace("_", " ")
            assert connection.execute("SHOW transaction_read_only").fetchone() == ("on",)
            connection.rollback()


def test_what_a_connection_tells_of_itself(connection):
    info = connection.info
    assert info.server_version >= 150000 and info.encoding == "utf-8"
    assert str(info.timezone) == "UTC" and info.dbname == "lake" and info.user == "lakegate"
    assert info.backend_pid == connection.execute("SELECT pg_backend_pid()").fetchone()[0]
    told = {
        name: info.parameter_status(name)
        for name in ("server_encoding", "client_encoding", "integer_datetimes", "DateStyle",
                     "standard_conforming_strings", "is_superuser", "session_authorization",
                     "IntervalStyle", "in_hot_standby", "default_transaction_read_only")
    }
    assert None not in told.values(), told


@pytest.mark.parametrize(
    "info, name",
    [(TypeInfo, "int4"), (TypeInfo, "jsonb"), (RangeInfo, "int4range"),
     (MultirangeInfo, "int4multirange"), (EnumInfo, "int4"), (CompositeInfo, "int4"),
     (TypeInfo, "hstore")],
    ids=lambda part: part if isinstance(part, str) else part.__name__,
)
def test_types_are_found_as_in_postgres(info, name, server, postgres):  # noqa: F811
    def found(peer):
        with peer.connect() as connection:
            known = info.fetch(connection, name)
            return known and (known.name, known.oid, known.array_oid, known.regtype)

    assert found(server) == found(postgres)


@pytest.mark.parametrize("wrapper", [Json, Jsonb])
def test_json_goes_in_and_comes_out(wrapper, connection):
    value = {"a": [1, None, "é"], "b": {"c": True}}
    assert connection.execute("SELECT %s", [wrapper(value)]).fetchone() == (value,)
    row = connection.execute("SELECT %s::jsonb -> 'a' ->> 2", [wrapper(value)]).fetchone()
    assert row == ("é",)


# COPY … TO STDOUT

COPIED = (
    'SELECT id, truth, small, whole, big, quad_word, floating, money, exact, "text", bytes, day, '
    "at, instant, clock, numbers, words FROM types ORDER BY id"
)
FORMATS = [
    "", "(FORMAT text)", "(FORMAT csv)", "(FORMAT csv, HEADER)", "WITH CSV HEADER", "WITH BINARY",
    "(FORMAT binary)", "(FORMAT csv, FORCE_QUOTE *)", "(FORMAT csv, FORCE_QUOTE (id, truth))",
    "(FORMAT csv, DELIMITER ';', NULL 'nothing', QUOTE '''', ESCAPE '\\')",
    "(DELIMITER '|', NULL '')", "(FORMAT text, ENCODING 'UTF8')", "(FORMAT text, HEADER)",
    "WITH DELIMITER ',' NULL '' CSV QUOTE '\"'",
]


@pytest.mark.parametrize("options", FORMATS)
def test_copies_are_those_of_postgres_byte_for_byte(options, server, postgres):  # noqa: F811
    def copied(peer):
        with peer.connect() as connection, connection.cursor() as cursor:
            with cursor.copy(f"COPY ({COPIED}) TO STDOUT {options}") as copy:
                data = b"".join(copy)
            return data, cursor.statusmessage

    assert copied(server) == copied(postgres)


@pytest.mark.parametrize(
    "statement",
    ["COPY types TO STDOUT", "COPY types (id, day) TO STDOUT (FORMAT csv, HEADER)",
     "COPY public.types (words) TO STDOUT", "COPY (VALUES (1, 'a'), (2, NULL)) TO STDOUT",
     "COPY (SELECT 1 WHERE false) TO STDOUT (FORMAT csv, HEADER)",
     "COPY (SELECT 1 WHERE false) TO STDOUT (FORMAT binary)",
     "COPY (WITH w AS (SELECT 2) TABLE w) TO STDOUT"],
)
def test_what_can_be_copied(statement, server, postgres):  # noqa: F811
    def copied(peer):
        with peer.connect() as connection, connection.cursor() as cursor:
            with cursor.copy(statement) as copy:
                return sorted(b"".join(copy).splitlines()), cursor.statusmessage

    assert copied(server) == copied(postgres)


def test_copied_rows_are_parsed_by_type(connection):
    statement = "COPY (SELECT id, day, exact FROM types ORDER BY id) TO STDOUT (FORMAT binary)"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(["int4", "date", "numeric"])
        rows = list(copy.rows())
    exact = decimal.Decimal("-9999999999999999999999999999.9999999999")
    assert rows[1] == (2, dt.date(1970, 1, 1), exact)
    assert rows[3] == (4, None, None)


def test_a_copy_takes_parameters_by_client_side_binding(server):
    with psycopg.connect(server.dsn, cursor_factory=psycopg.ClientCursor) as connection:
        with connection.cursor() as cursor:
            query = "COPY (SELECT id FROM types WHERE id > %s ORDER BY id) TO STDOUT"
            with cursor.copy(query, [2]) as copy:
                assert b"".join(copy) == b"3\n4\n"


def test_a_copy_that_fails_on_its_way_ends_with_its_error(connection):
    query = "COPY (SELECT 1 / (v - 90000) FROM generate_series(1, 100000) t(v)) TO STDOUT"
    with pytest.raises(errors.DivisionByZero):
        with connection.cursor() as cursor, cursor.copy(query) as copy:
            for _ in copy:
                pass
    assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_copy_is_left_early(connection):
    query = "COPY (SELECT v FROM generate_series(1, 1000000) t(v)) TO STDOUT"
    with pytest.raises(InterruptedError), connection.cursor() as cursor:
        with cursor.copy(query) as copy:
            assert copy.read() != b""
            # Left by an exception, psycopg cancels the query and reads what is still under way.
            raise InterruptedError
    assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize(
    "statement, code",
    [
        ("COPY nowhere TO STDOUT", "42P01"),
        ("COPY types (missing) TO STDOUT", "42703"),
        ("COPY (SELECT missing FROM types) TO STDOUT", "42703"),
        ("COPY types TO STDOUT (FORMAT parquet)", "22023"),
        ("COPY types TO STDOUT (DELIMITER 'ab')", "0A000"),
        ("COPY types TO STDOUT (NO_SUCH_OPTION)", "42601"),
        ("COPY types TO '/tmp/stolen'", "42501|0A000"),
        ("COPY types TO PROGRAM 'true'", "42501|0A000"),
        ("COPY types FROM STDIN", "0A000|25006|42501"),
    ],
)
def test_copies_that_are_refused(statement, code, connection):
    with pytest.raises(psycopg.Error) as error, connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            list(copy)
    assert error.value.sqlstate in code.split("|"), str(error.value)
    assert connection.execute("SELECT 1").fetchone() == (1,)


# psycopg2


def test_psycopg2_reads_a_named_cursor_in_parts(old):
    with old.cursor("parts") as cursor:
        cursor.itersize = 300
        cursor.execute("SELECT v FROM generate_series(1, %s) AS t(v) ORDER BY v", [1000])
        assert cursor.fetchone() == (1,) and numbers(cursor.fetchmany(4)) == [2, 3, 4, 5]
        assert numbers(cursor) == list(range(6, 1001))


def test_psycopg2_scrolls(old):
    with old.cursor("scrolled", scrollable=True) as cursor:
        cursor.execute(SERIES)
        cursor.scroll(499)
        assert cursor.fetchone() == (500,)
        cursor.scroll(-2)
        assert cursor.fetchone() == (499,)
        cursor.scroll(9, mode="absolute")
        assert cursor.fetchone() == (10,)


def test_psycopg2_holds_a_cursor_beyond_its_transaction(old):
    cursor = old.cursor("held", withhold=True)
    cursor.execute(SERIES)
    assert cursor.fetchone() == (1,)
    old.commit()
    assert numbers(cursor.fetchall()) == list(range(2, 1001))
    cursor.close()


def test_psycopg2_copies_out(old):
    target = io.StringIO()
    with old.cursor() as cursor:
        cursor.copy_expert("COPY (SELECT id, text FROM types WHERE id = 3) TO STDOUT", target)
        assert target.getvalue() == "3\ta\\tb\\nc\\\\d'e\"f\n"
        target = io.StringIO()
        cursor.copy_to(target, "types", sep="|", null="-", columns=["id", "truth"])
        assert sorted(target.getvalue().split()) == ["1|t", "2|f", "3|t", "4|-"]


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_psycopg2_sets_the_kind_of_transactions(level, old):
    old.set_session(isolation_level=level, readonly=True, deferrable=True, autocommit=False)
    with old.cursor() as cursor:
        cursor.execute("SHOW transaction_isolation")
        expected = ["read committed", "repeatable read", "serializable", "read uncommitted"]
        assert cursor.fetchone() == (expected[level - 1],)
    old.rollback()
    old.set_session(autocommit=True, readonly=False)
    with old.cursor() as cursor:
        cursor.execute("SHOW default_transaction_read_only")
        assert cursor.fetchone() == ("off",)


def test_psycopg2_adapts_values_of_each_type(old):
    values = (
        True, 1, 1.5, decimal.Decimal("1.10"), "é'\\", b"\0\xff", dt.date(2024, 2, 29),
        dt.time(1, 2, 3), dt.datetime(2024, 2, 29, 1, 2, 3, 4), dt.timedelta(days=1, seconds=2),
        [1, 2], ["a", None], None,
    )
    with old.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(["%s"] * len(values)), values)
        found = [bytes(v) if isinstance(v, memoryview) else v for v in cursor.fetchone()]
    assert found == list(values)


def test_psycopg2_calls_a_function_and_joins_values(old):
    with old.cursor() as cursor:
        cursor.callproc("upper", ["abc"])
        assert cursor.fetchone() == ("ABC",)
        query = "SELECT t.id, v.word FROM types t JOIN (VALUES %s) AS v(id, word) ON v.id = t.id"
        rows = psycopg2.extras.execute_values(cursor, query, [(1, "a"), (2, "b")], fetch=True)
        assert sorted(rows) == [(1, "a"), (2, "b")]


def test_psycopg2_cancels_from_another_thread(old):
    timer = threading.Timer(0.3, old.cancel)
    timer.start()
    with pytest.raises(psycopg2.errors.QueryCanceled), old.cursor() as cursor:
        cursor.execute("SELECT sum(x) FROM generate_series(1, 1000000000000) a(x)")
    timer.join()
    old.rollback()


def test_psycopg2_finds_no_hstore_without_failing(old):
    assert psycopg2.extras.HstoreAdapter.get_oids(old) == ((), ())


def test_psycopg2_reads_json_and_uuid(old):
    psycopg2.extras.register_uuid(conn_or_curs=old)
    with old.cursor() as cursor:
        cursor.execute("SELECT '{\"a\": 1}'::jsonb, '00112233-4455-6677-8899-aabbccddeeff'::uuid")
        document, identity = cursor.fetchone()
    assert document == {"a": 1} and identity.int == 0x00112233445566778899AABBCCDDEEFF


def test_psycopg2_composes_names(old):
    with old.cursor() as cursor:
        cursor.execute(
            psycopg2.extensions.adapt("x").getquoted().decode().join(["SELECT ", "::text"])
        )
        assert cursor.fetchone() == ("x",)


def test_names_are_quoted_safely(connection):
    query = sql.SQL("SELECT {} AS {} FROM {}").format(
        sql.Identifier("id"), sql.Identifier('a "b" %'), sql.Identifier("public", "types")
    )
    cursor = connection.execute(query)
    assert cursor.description[0].name == 'a "b" %' and len(cursor.fetchall()) == 4
