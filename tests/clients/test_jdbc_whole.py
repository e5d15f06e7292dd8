"""pgjdbc at length: all of DatabaseMetaData, and what programs do with a connection.

java/Metadata.java and java/Session.java run against Lakegate and PostgreSQL, and find the same.
"""

import collections
import subprocess

import pytest

from postgres import postgres  # noqa: F401
from programs import JAVA, java_with_pgjdbc

RUN_SECONDS_MAX = 180


@pytest.fixture(scope="module")
def java(tmp_path_factory):
    """Runs a class against a server: its lines, split at tabs."""
    sources = [JAVA / "Metadata.java", JAVA / "Session.java"]
    program, jars = java_with_pgjdbc(tmp_path_factory.mktemp("jdbc"), *sources)

    def run(name, peer, *arguments):
        url = f"jdbc:postgresql://127.0.0.1:{peer.port}/lake?user=lakegate"
        done = subprocess.run(
            [program, "-Duser.timezone=UTC", "-Duser.language=en", "-cp", jars, name, url,
             *arguments],
            capture_output=True, text=True, timeout=RUN_SECONDS_MAX,
        )
        assert done.returncode == 0, done.stderr
        return [line.split("\t") for line in done.stdout.splitlines()]

    return run


def by_method(lines):
    found = collections.defaultdict(lambda: collections.defaultdict(list))
    for method, word, value in lines:
        found[method][word].append(value)
    return found


# DatabaseMetaData

# Every method whose answer is a table: the same columns, and, but for those below, the same rows.
TABLES = [
    "getAttributes/4", "getBestRowIdentifier/5", "getCatalogs", "getClientInfoProperties",
    "getColumnPrivileges/4", "getColumns/4", "getCrossReference/6", "getExportedKeys/3",
    "getFunctionColumns/4", "getFunctions/3", "getImportedKeys/3", "getIndexInfo/5",
    "getPrimaryKeys/3", "getProcedureColumns/4", "getProcedures/3", "getPseudoColumns/4",
    "getSchemas", "getSchemas/2", "getSuperTables/3", "getSuperTypes/3", "getTablePrivileges/3",
    "getTableTypes", "getTables/4", "getTypeInfo", "getUDTs/4", "getVersionColumns/3",
]
# PostgreSQL has more databases, schemas, types (one of each table) and functions.
OTHER_ROWS = {
    "getCatalogs", "getSchemas", "getTypeInfo", "getFunctions/3", "getFunctionColumns/4",
    "getUDTs/4",
}
# These differ between any two servers.
OTHER_VALUES = {
    "getURL", "getDatabaseProductVersion", "getConnection", "getDatabaseMajorVersion",
    "getDatabaseMinorVersion", "toString", "hashCode",
}


@pytest.fixture(scope="module")
def metadata(java, server):
    return by_method(java("Metadata", server, "public", "types"))


@pytest.fixture(scope="module")
def reference(java, postgres):  # noqa: F811
    return by_method(java("Metadata", postgres, "public", "types"))


def test_every_method_was_called_and_the_list_of_tables_is_whole(metadata, reference):
    assert set(metadata) == set(reference) and len(reference) > 170
    assert {name for name, found in reference.items() if found["columns"]} | {
        # pgjdbc says of these that it does not implement them.
        name for name in TABLES if reference[name]["error"]
    } == set(TABLES)


def test_no_method_fails_that_works_with_postgres(metadata, reference):
    failed = {
        name: found["error"] for name, found in metadata.items()
        if found["error"] != reference[name]["error"]
    }
    assert failed == {}


@pytest.mark.parametrize("method", TABLES)
def test_a_table_of_metadata_has_the_columns_of_postgres(method, metadata, reference):
    assert metadata[method]["columns"] == reference[method]["columns"]


@pytest.mark.parametrize("method", [name for name in TABLES if name not in OTHER_ROWS])
def test_a_table_of_metadata_has_the_rows_of_postgres(method, metadata, reference):
    assert metadata[method]["row"] == reference[method]["row"]


def test_single_facts_are_those_of_postgres(metadata, reference):
    def words(found):
        """Lists of names come in any order."""
        return [sorted(value.split(",")) for value in found["value"]]

    other = {
        name: (metadata[name]["value"], found["value"]) for name, found in reference.items()
        if words(found) != words(metadata[name]) and name not in OTHER_VALUES
    }
    assert other == {}


def test_the_lake_is_the_only_catalog(metadata):
    assert "lake" in metadata["getCatalogs"]["row"]


def test_types_have_the_names_and_sizes_of_postgres(metadata, reference):
    """What a tool may put in a column: name, JDBC type, precision, quotes, case, searchable."""
    mine = {row.split("|")[0]: row for row in metadata["getTypeInfo"]["row"]}
    theirs = {row.split("|")[0]: row for row in reference["getTypeInfo"]["row"]}
    names = [
        "bool", "int2", "int4", "int8", "float4", "float8", "numeric", "text", "varchar", "bytea",
        "date", "time", "timestamp", "timestamptz", "_int4", "_text",
    ]
    assert {name: mine.get(name) for name in names} == {name: theirs[name] for name in names}


def test_functions_are_listed(metadata, reference):
    assert [row for row in reference["getFunctions/3"]["row"] if "|upper|" in row][:1]
    assert [row for row in metadata["getFunctions/3"]["row"] if "|upper|" in row]


@pytest.mark.parametrize(
    "schema, table", [("gold", "customers_credit"), ("dashboard", "%"), ("%", "customers")]
)
def test_columns_of_the_lake(schema, table, java, server):
    found = by_method(java("Metadata", server, schema, table))
    tables = {tuple(row.split("|")[1:3]) for row in found["getTables/4"]["row"]}
    columns = {tuple(row.split("|")[1:3]) for row in found["getColumns/4"]["row"]}
    assert tables and tables == columns


# A connection

PARTS = [
    "fetchSize", "twoPortals", "binary", "text", "simpleQueries", "extendedForPrepared",
    "extendedCacheEverything", "parameters", "parameterTypes", "resultTypes", "savepoints",
    "autosave", "readOnly", "isolation", "schema", "valid", "cancel", "queryTimeout", "maxRows",
    "batch", "several", "escapes", "call", "scroll", "holdable", "copyOut", "cursorOfSql", "arrays",
    "error", "clientInfo",
]


@pytest.fixture(scope="module")
def session(java, server):
    return {name: rest for name, *rest in java("Session", server)}


@pytest.fixture(scope="module")
def session_of_postgres(java, postgres):  # noqa: F811
    return {name: rest for name, *rest in java("Session", postgres)}


@pytest.mark.parametrize("part", PARTS)
def test_a_connection_does_what_it_does_with_postgres(part, session, session_of_postgres):
    assert session_of_postgres[part][0] == "found", session_of_postgres[part]
    assert session[part] == session_of_postgres[part]


def test_every_part_of_a_session_is_looked_at(session_of_postgres):
    assert set(session_of_postgres) == set(PARTS)
