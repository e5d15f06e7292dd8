"""psqlODBC through pyodbc, as Excel and Tableau use it: catalog functions, cursors, big results."""

import datetime as dt
import decimal
import os
import re
import subprocess
import sys
import threading

import pytest

from gateway import MIB, Memory
from postgres import TYPES, postgres  # noqa: F401
from sample import COLUMNS, STREAM_ROWS
from test_types import same

# What Tableau and Excel set, and the default.
WAYS = {
    "plain": {},
    "declare fetch": {"UseDeclareFetch": 1, "Fetch": 3},
    "server-side prepare off": {"UseServerSidePrepare": 0},
    "rollback of everything": {"Protocol": "7.4-0"},
    "rollback of a statement": {"Protocol": "7.4-2"},
    "bytea as long binary": {"ByteaAsLongVarBinary": 1, "BoolsAsChar": 0},
    "text as long": {"TextAsLongVarchar": 0, "MaxVarcharSize": 4000, "UnknownSizes": 2},
}
SERIES = "SELECT v, 'row ' || v AS word FROM generate_series(1, 1000) AS t(v) ORDER BY v"


@pytest.fixture(scope="session")
def odbc():
    """pyodbc, once its driver manager and PostgreSQL's driver are there."""
    try:
        import pyodbc

        if "PostgreSQL Unicode" in pyodbc.drivers():
            return pyodbc
        reason = "the ODBC driver of PostgreSQL is not installed"
    except ImportError as error:
        reason = f"pyodbc cannot be loaded ({error})"
    (pytest.fail if os.environ.get("CI") else pytest.skip)(
        f"{reason}: NOTHING was shown about ODBC"
    )


@pytest.fixture
def opened(odbc):
    """Opens connections, and closes them at the end."""
    connections = []

    def connect(peer, autocommit=True, **options):
        parts = {
            "Driver": "{PostgreSQL Unicode}", "Server": peer.host, "Port": peer.port,
            "Database": "lake", "UID": "lakegate", "PWD": "none",
            # Debian switches its log on, which would be left behind.
            "CommLog": 0, "Debug": 0, **options,
        }
        text = ";".join(f"{name}={value}" for name, value in parts.items())
        connections.append(odbc.connect(text, autocommit=autocommit))
        return connections[-1]

    yield connect
    for connection in connections:
        connection.close()


def rows(cursor):
    return [tuple(row) for row in cursor.fetchall()]


# Queries


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("column", TYPES)
def test_odbc_rows_are_those_of_postgres(column, way, opened, server, postgres):  # noqa: F811
    def found(peer):
        cursor = opened(peer, **WAYS[way]).execute(f'SELECT "{column}" FROM types ORDER BY id')
        # Columns of unknown width (arrays) are looked up by their table, which results do not name.
        parts = 2 if TYPES[column].endswith("[]") else 7
        return cursor.description[0][:parts], [row[0] for row in cursor.fetchall()]

    (mine, ours), (shape, theirs) = found(server), found(postgres)
    assert mine == shape
    assert all(same(*pair) for pair in zip(ours, theirs, strict=True)), (ours, theirs)


PARAMETERS = [
    ("int4", 5), ("int8", 2**40), ("float8", 0.1), ("text", "çé漢字🙂 ' \\"), ("bool", True),
    ("numeric", decimal.Decimal("12.34")), ("date", dt.date(2024, 2, 29)),
    ("timestamp", dt.datetime(2024, 2, 29, 1, 2, 3, 456000)), ("time", dt.time(1, 2, 3)),
    ("bytea", b"\0\xff"),
]


@pytest.mark.parametrize("prepare", [0, 1], ids=["by the driver", "by the server"])
@pytest.mark.parametrize("kind, value", PARAMETERS, ids=lambda part: str(part)[:12])
def test_odbc_parameters_come_back(kind, value, prepare, opened, server, postgres):  # noqa: F811
    def found(peer):
        connection = opened(peer, UseServerSidePrepare=prepare)
        return connection.execute(f"SELECT ?::{kind}", value).fetchone()[0]

    assert found(server) == found(postgres)


def test_odbc_parameters_find_rows(opened, server):
    connection = opened(server)
    cursor = connection.cursor()
    for _ in range(3):
        cursor.execute("SELECT id FROM types WHERE id > ? AND text <> ? ORDER BY id", 1, "nothing")
        assert rows(cursor) == [(2,), (3,)]
    cursor.execute("SELECT id FROM types WHERE day = ?", dt.date(1970, 1, 1))
    assert rows(cursor) == [(2,)]
    cursor.execute("SELECT id FROM types WHERE at = ?", COLUMNS["at"][1][2])
    assert rows(cursor) == [(3,)]


@pytest.mark.parametrize("autocommit", [False, True])
@pytest.mark.parametrize("declare", [0, 1], ids=["at once", "declare fetch"])
def test_a_result_of_many_fetches(declare, autocommit, opened, server):
    connection = opened(server, autocommit, UseDeclareFetch=declare, Fetch=70)
    cursor = connection.execute(SERIES)
    assert [row[0] for row in cursor.fetchmany(5)] == [1, 2, 3, 4, 5]
    assert [row.v for row in cursor.fetchall()] == list(range(6, 1001))
    assert rows(connection.execute("SELECT 1")) == [(1,)]


def test_two_results_are_read_side_by_side(opened, server):
    connection = opened(server, UseDeclareFetch=1, Fetch=10)
    one, two = connection.cursor(), connection.cursor()
    one.execute(SERIES)
    two.execute(SERIES)
    found = [(one.fetchone()[0], two.fetchone()[1]) for _ in range(100)]
    assert found == [(n, f"row {n}") for n in range(1, 101)]


CHILD = """
import re, sys, pyodbc
connection = pyodbc.connect(sys.argv[1], autocommit=True)
cursor = connection.execute("SELECT id, name, amount, at FROM long")
count = total = 0
while rows := cursor.fetchmany(10_000):
    count += len(rows)
    total += sum(row[0] for row in rows)
# Its own peak: getrusage would tell that of the process it was made by, if larger.
peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
print(count, total, peak // 1024)
"""


def test_a_big_result_by_declare_fetch_needs_little_memory(odbc, stream_server):
    text = (
        f"Driver={{PostgreSQL Unicode}};Server={stream_server.host};Port={stream_server.port};"
        "Database=lake;UID=lakegate;PWD=none;UseDeclareFetch=1;Fetch=10000;CommLog=0;Debug=0"
    )
    with Memory(stream_server) as memory:
        done = subprocess.run(
            [sys.executable, "-c", CHILD, text], capture_output=True, text=True, timeout=300
        )
    assert done.returncode == 0, done.stderr
    count, total, client_mib = map(int, done.stdout.split())
    assert (count, total) == (STREAM_ROWS, STREAM_ROWS * (STREAM_ROWS - 1) // 2)
    assert client_mib < 300, "the driver collected the result"
    assert memory.growth_bytes < 512 * MIB


# The catalog


def described(cursor):
    return [column[0] for column in cursor.description], rows(cursor)


CATALOG = {
    "tables": lambda cursor: cursor.tables(schema="public", table="types"),
    "tables by pattern": lambda cursor: cursor.tables(schema="publ%", table="ty%"),
    "tables of a kind": lambda cursor: cursor.tables(schema="public", tableType="TABLE,VIEW"),
    "columns": lambda cursor: cursor.columns(schema="public", table="types"),
    "columns by pattern": lambda cursor: cursor.columns(
        schema="public", table="types", column="%a%"
    ),
    "primary keys": lambda cursor: cursor.primaryKeys("types", schema="public"),
    "foreign keys": lambda cursor: cursor.foreignKeys("types", schema="public"),
    "foreign keys to it": lambda cursor: cursor.foreignKeys(
        foreignTable="types", foreignSchema="public"
    ),
    "statistics": lambda cursor: cursor.statistics("types", schema="public"),
    "unique statistics": lambda cursor: cursor.statistics("types", schema="public", unique=True),
    "row id columns": lambda cursor: cursor.rowIdColumns("types", schema="public"),
    "row version columns": lambda cursor: cursor.rowVerColumns("types", schema="public"),
    "procedures": lambda cursor: cursor.procedures(schema="public"),
    "procedure columns": lambda cursor: cursor.procedureColumns(schema="public"),
    "types": lambda cursor: cursor.getTypeInfo(),
}


@pytest.mark.parametrize("name", CATALOG)
def test_catalog_functions_answer_as_with_postgres(name, opened, server, postgres):  # noqa: F811
    def found(peer):
        cursor = opened(peer).cursor()
        names, values = described(CATALOG[name](cursor))
        # A count of rows or pages is an estimate, and the OID of a table its server's own.
        own = ("cardinality", "pages", "table oid")
        hidden = {names.index(word) for word in own if word in names}
        return names, [
            tuple(None if index in hidden else value for index, value in enumerate(row))
            for row in values
        ]

    assert found(server) == found(postgres)


def test_tables_and_columns_of_the_lake(opened, server):
    cursor = opened(server).cursor()
    tables = {(row.table_schem, row.table_name) for row in cursor.tables()}
    assert {("gold", "customers_credit"), ("landing", "customers"), ("public", "types")} <= tables
    columns = [row.column_name for row in cursor.columns(schema="public", table="types")]
    assert columns == list(COLUMNS)


def test_what_a_driver_tells_of_the_server(odbc, opened, server, postgres):  # noqa: F811
    words = [
        "SQL_DBMS_NAME", "SQL_DATABASE_NAME", "SQL_USER_NAME", "SQL_IDENTIFIER_QUOTE_CHAR",
        "SQL_DEFAULT_TXN_ISOLATION", "SQL_DATA_SOURCE_READ_ONLY", "SQL_SCHEMA_USAGE",
        "SQL_MAX_IDENTIFIER_LEN", "SQL_KEYWORDS", "SQL_CATALOG_NAME", "SQL_MAX_COLUMN_NAME_LEN",
    ]

    def told(peer):
        connection = opened(peer)
        return {word: connection.getinfo(getattr(odbc, word)) for word in words}

    assert told(server) == told(postgres)
    assert re.match(r"1[5-9]\.", opened(server).getinfo(odbc.SQL_DBMS_VER))


# Transactions and errors


@pytest.mark.parametrize("way", ["plain", "declare fetch", "rollback of a statement"])
def test_an_error_leaves_the_connection_usable(way, odbc, opened, server):
    connection = opened(server, autocommit=False, **WAYS[way])
    assert rows(connection.execute("SELECT 1")) == [(1,)]
    with pytest.raises(odbc.Error) as error:
        connection.execute("SELECT * FROM nowhere").fetchall()
    assert error.value.args[0] in ("42P01", "42S02") and "nowhere" in error.value.args[1]
    connection.rollback()
    assert rows(connection.execute("SELECT 2")) == [(2,)]
    connection.commit()


@pytest.mark.parametrize(
    "sql, code", [("SELECT missing FROM types", "42703"), ("SELEC 1", "42601"),
                  ("SELECT 1 / 0", "22012"), ("SELECT 'x'::int4", "22P02")],
)
@pytest.mark.parametrize("declare", [0, 1])
def test_odbc_errors_have_their_sqlstate(sql, code, declare, odbc, opened, server):
    with pytest.raises(odbc.Error) as error:
        opened(server, UseDeclareFetch=declare).execute(sql).fetchall()
    # psqlODBC turns some codes into those of ODBC: 42S22 is an unknown column.
    assert error.value.args[0] in (code, "42S22", "HY000"), error.value.args


def test_odbc_cancels_a_query(odbc, opened, server):
    connection = opened(server)
    cursor = connection.cursor()
    timer = threading.Timer(0.5, cursor.cancel)
    timer.start()
    with pytest.raises(odbc.Error) as error:
        cursor.execute("SELECT sum(x) FROM generate_series(1, 1000000000000) a(x)").fetchall()
    timer.join()
    assert error.value.args[0] in ("57014", "HY008", "HY000")
    assert rows(connection.execute("SELECT 1")) == [(1,)]


def test_what_tableau_tries_works(odbc, opened, server):
    """Tableau asks whether it may keep temporary tables."""
    connection = opened(server, UseDeclareFetch=1)
    for probe in (
        'CREATE LOCAL TEMPORARY TABLE "#Tableau_1_Connect" ("COL" INTEGER) ON COMMIT PRESERVE ROWS',
        'SELECT 1 AS "COL" INTO TEMPORARY TABLE "#Tableau_2_Connect"',
        'DROP TABLE "#Tableau_1_Connect"',
    ):
        connection.execute(probe)
        assert rows(connection.execute("SELECT 1")) == [(1,)]
