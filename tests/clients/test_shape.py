"""The shape of a table: hidden columns, columns that only some files hold, columns that differ by case.

Rows are compared with DuckDB's, which reads the same files with `filename` and `file_row_number`.
"""

import datetime as dt
import os

import duckdb
import fastavro
import psycopg
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.orc as orc
import pyarrow.parquet as pq
import pytest

from gateway import Gateway
from iceberg import Table

WAYS = {
    "default": [], "pushdown": ['scan.pushdown="on"', "limits.threads=8"], "no pushdown": ['scan.pushdown="off"'],
}
# Three files of three rows: (folder, rows).
FILES = [("day=2026-01-01", range(3)), ("day=2026-01-02", range(3, 6)), ("day=2026-01-02", range(6, 9))]


def url(path):
    return f"file://{path}"


def parquet(path, rows):
    pq.write_table(pa.table({"id": list(rows), "note": [f"n{i}" for i in rows]}), path)


def csv(path, rows):
    pa_csv.write_csv(pa.table({"id": list(rows), "note": [f"n{i}" for i in rows]}), path)


def json(path, rows):
    path.write_text("".join(f'{{"id":{i},"note":"n{i}"}}\n' for i in rows))


def avro(path, rows):
    fields = [{"name": "id", "type": "long"}, {"name": "note", "type": "string"}]
    schema = {"type": "record", "name": "r", "fields": fields}
    with path.open("wb") as file:
        fastavro.writer(file, schema, [{"id": i, "note": f"n{i}"} for i in rows])


def orc_file(path, rows):
    orc.write_table(pa.table({"id": list(rows), "note": [f"n{i}" for i in rows]}), path)


WRITERS = {"parquet": parquet, "csv": csv, "json": json, "avro": avro, "orc": orc_file}


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """A table of each format, `linked`, and `lines` of text; where their files are, and what rows they have."""
    root = tmp_path_factory.mktemp("shape")
    tables, files = {}, {}
    for kind, write in WRITERS.items():
        for number, (folder, rows) in enumerate(FILES):
            path = root / kind / folder / f"part {number}.{kind}"
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path, rows)
            os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))
            files.setdefault(kind, {})[path] = list(rows)
        tables[kind] = root / kind
    (root / "lines").mkdir()
    files["lines"] = {}
    for name in "ab":
        path = root / "lines" / f"{name}.txt"
        path.write_text("one\n\ntwo words\n")
        files["lines"][path] = None
    tables["lines"] = root / "lines"
    with Gateway(root / "lake", tables=tables) as gateway:
        yield gateway, files


@pytest.mark.parametrize("kind", WRITERS)
def test_every_format_knows_its_files(lake, kind):
    gateway, files = lake
    found = gateway.query(f'SELECT "$path", id, "$file_modified_time" FROM {kind} ORDER BY id')
    wrote = [
        (url(path), i, dt.datetime.fromtimestamp(path.stat().st_mtime, dt.timezone.utc))
        for path, rows in files[kind].items() for i in rows
    ]
    assert found == wrote
    counts = gateway.query(f'SELECT "$path", count(*) FROM {kind} GROUP BY "$path" ORDER BY "$path"')
    assert counts == sorted((url(path), 3) for path in files[kind])
    if kind in ("parquet", "csv", "json"):
        paths = ", ".join(f"'{path}'" for path in files[kind])
        theirs = f"SELECT 'file://' || filename, count(*) FROM read_{kind}([{paths}], filename = true) GROUP BY 1 ORDER BY 1"
        assert counts == duckdb.sql(theirs).fetchall()
    for condition in [
        "\"$path\" LIKE '%part 1%'", "\"$path\" = '{path}'",
        "substr(\"$path\", length(\"$path\") - {suffix}, 1) = '1'",
        "\"$file_modified_time\" = '2023-11-14 22:13:21+00'",
        "\"$file_modified_time\" > '2023-11-14 22:13:20+00' AND \"$file_modified_time\" < '2023-11-14 22:13:22+00'",
        "day = DATE '2026-01-02' AND \"$path\" NOT LIKE '%part 2%'",
    ]:
        condition = condition.format(path=url(list(files[kind])[1]), suffix=len(f".{kind}"))
        assert gateway.query(f"SELECT id FROM {kind} WHERE {condition} ORDER BY id") == [(3,), (4,), (5,)], condition


def test_text_knows_its_files(lake):
    gateway, files = lake
    found = gateway.query('SELECT "$path", count(*), max(length(line)) FROM lines GROUP BY 1 ORDER BY 1')
    assert found == [(url(path), 3, 9) for path in files["lines"]]


def columns(gateway, sql):
    with gateway.connect() as connection:
        return [column.name for column in connection.execute(sql).description]


def test_wildcards_do_not_show_them(lake):
    gateway, _ = lake
    for sql, expected in [
        ("SELECT * FROM parquet", ["id", "note", "day"]),
        ('SELECT * FROM parquet WHERE "$path" IS NOT NULL', ["id", "note", "day"]),
        ('SELECT *, "$path" FROM parquet ORDER BY "$path"', ["id", "note", "day", "$path"]),
        ('SELECT p.*, p."$path" AS p FROM public.parquet p', ["id", "note", "day", "p"]),
        ('SELECT public.parquet.*, parquet."$path" FROM public.parquet', ["id", "note", "day", "$path"]),
        ('SELECT * FROM parquet a JOIN csv b USING (id) WHERE a."$path" <> b."$path"',
         ["id", "note", "day", "note", "day"]),
        ('SELECT * FROM (SELECT * FROM csv WHERE "$path" LIKE \'%1%\') x', ["id", "note", "day"]),
        ('SELECT DISTINCT "$path", "$path" FROM csv', ["$path", "$path"]),
        ('WITH x AS (SELECT "$path", id FROM csv) SELECT * FROM x ORDER BY "$path"', ["$path", "id"]),
    ]:
        assert columns(gateway, sql) == expected, sql
    catalog = "SELECT count(*) FROM {} WHERE {} LIKE '$%'"
    assert gateway.query(catalog.format("information_schema.columns", "column_name")) == [(0,)]
    assert gateway.query(catalog.format("pg_attribute", "attname")) == [(0,)]


def test_joins_and_subqueries(lake):
    gateway, files = lake
    first = url(next(iter(files["parquet"])))
    for sql, expected in [
        # The tables have all columns in common but these.
        ('SELECT count(*) FROM parquet a NATURAL JOIN csv b WHERE a."$path" <> b."$path"', 9),
        ('SELECT count(*) FROM parquet a NATURAL JOIN parquet b WHERE a."$path" = b."$path"', 9),
        ('SELECT count(*) FROM parquet a JOIN parquet b ON a."$path" = b."$path"', 27),
        ('SELECT count(*) FROM parquet a JOIN LATERAL (SELECT b.id FROM csv b WHERE b.id = a.id AND a."$path" = '
         f"'{first}') x ON true", 3),
        (f"SELECT count(*) FROM csv c WHERE EXISTS (SELECT 1 FROM parquet p WHERE p.id = c.id AND \"$path\" = '{first}')", 3),
        ('SELECT count(*) FROM parquet p WHERE (SELECT count(*) FROM parquet i WHERE i."$path" = p."$path") = 3', 9),
        ('SELECT count(*) FROM parquet WHERE "$path" IN (SELECT "$path" FROM parquet WHERE id = 4)', 3),
        ('SELECT count(*) FROM (SELECT "$path" FROM parquet UNION SELECT "$path" FROM csv) x', 6),
        ('SELECT count(*) FROM (SELECT "$path", row_number() OVER (PARTITION BY "$path" ORDER BY id) AS n FROM json) x '
         "WHERE n = 1 AND \"$path\" IS NOT NULL", 3),
        ('SELECT count(*) FROM parquet AS x(a, b, c) WHERE x."$path" IS NOT NULL AND a >= 0', 9),
        ('SELECT count(*) FROM public.parquet WHERE public.parquet."$path" <> \'\' AND public.parquet.id > 0', 8),
        ('SELECT max(n) FROM (SELECT count(*) AS n FROM parquet GROUP BY "$path" HAVING min("$path") <> \'\') x', 3),
        ('SELECT count(DISTINCT "$path") FROM (parquet a CROSS JOIN (SELECT 1 AS one) o)', 3),
        ('WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) '
         'SELECT count(*) FROM r JOIN parquet ON id = n WHERE parquet."$path" IS NOT NULL', 3),
    ]:
        assert gateway.query(sql) == [(expected,)], sql


def test_what_they_are_not(lake):
    gateway, _ = lake
    for sql, said in [
        ('SELECT "$path" FROM parquet a, csv b', "ambiguous"),
        ('SELECT "$path" FROM parquet a, (SELECT "$path" FROM csv) b', "ambiguous"),
        ('SELECT 1 FROM parquet a JOIN csv b USING ("$path")', "does not exist"),
        ('SELECT x."$path" FROM (SELECT * FROM csv) x', "does not exist"),
        ('SELECT "$path" FROM pg_class', "does not exist"),
        ('SELECT "$file" FROM parquet', "does not exist"),
    ]:
        with pytest.raises(psycopg.Error, match=said):
            gateway.query(sql)
    with gateway.connect() as connection:
        prepared = connection.execute('SELECT count(*) FROM parquet WHERE "$path" LIKE %s', ["%part 2%"], prepare=True)
        assert prepared.fetchall() == [(3,)]


def test_filters_spare_the_files(tmp_path):
    """A file that the filter rules out is never opened."""
    for name, rows in [("a", range(3)), ("b", range(3, 6))]:
        (tmp_path / "t").mkdir(exist_ok=True)
        parquet(tmp_path / "t" / f"{name}.parquet", rows)
    with Gateway(tmp_path / "lake", tables={"t": tmp_path / "t"}) as gateway:
        assert gateway.query("SELECT count(*) FROM t") == [(6,)]
        (tmp_path / "t" / "b.parquet").write_bytes(b"PAR1")
        assert gateway.query("SELECT sum(id) FROM t WHERE \"$path\" LIKE '%/a.%'") == [(3,)]
        assert gateway.query("SELECT sum(id) FROM t WHERE substr(\"$path\", length(\"$path\") - 8, 1) = 'a'") == [(3,)]
        with pytest.raises(psycopg.Error, match="b.parquet"):
            gateway.query("SELECT sum(id) FROM t")


def test_a_real_column_wins(tmp_path):
    (tmp_path / "t").mkdir()
    pq.write_table(pa.table({"id": [1], "$path": ["mine"]}), tmp_path / "t" / "a.parquet")
    with Gateway(tmp_path / "lake", tables={"t": tmp_path / "t"}) as gateway:
        assert gateway.query('SELECT "$path" FROM t') == [("mine",)]
        assert gateway.query("SELECT * FROM t") == [(1, "mine")]
        assert gateway.query('SELECT *, "$file_modified_time" IS NULL FROM t') == [(1, "mine", False)]


LONG, STRING = pa.int64(), pa.string()
FIELDS = [
    {"id": 1, "name": "id", "required": True, "type": "long"},
    {"id": 2, "name": "kind", "required": False, "type": "string"},
    {"id": 3, "name": "note", "required": False, "type": "string"},
    {"id": 4, "name": "more", "required": False, "type": "long"},
]


def evolved(folder, fields=FIELDS, version=2):
    """Files with and without the column, of a spec with and without it as partition; and deletes of each kind."""
    table = Table(folder, fields, (None, "kind"), version)

    def columns(ids, **kind):
        ids = list(ids)
        more = {"note": (STRING, [f"n{i}" for i in ids]), "more": (LONG, ids)}
        return {"id": (LONG, ids), **{name: (STRING, values) for name, values in kind.items()}, **more}

    table.data("own.parquet", columns(range(6), kind=["x", "y", None, "x", "z", None]))
    table.data("older.parquet", columns(range(6, 9)))
    table.data("x.parquet", columns(range(9, 13)), 1, "x")
    table.data("null.parquet", columns(range(13, 16)), 1, None)
    table.data("both.parquet", columns(range(16, 19), kind=["y"] * 3), 1, "y")
    return table


# What DuckDB makes of the files: the partition's value where there is one.
KINDS = {"own": "kind", "older": "NULL", "x": "'x'", "null": "NULL", "both": "kind"}


def expected(folder):
    parts = [
        f"SELECT id, {kind} AS kind, note, more, 'file://' || filename AS path, file_row_number AS place "
        f"FROM read_parquet('{folder}/data/{name}.parquet', filename = true, file_row_number = true)"
        for name, kind in KINDS.items()
    ]
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE t AS {' UNION ALL '.join(parts)}")
    return connection


CONDITIONS = [
    "true", "kind = 'x'", "kind <> 'x'", "kind IS NULL", "kind IS NOT NULL", "kind IN ('y', 'z')", "kind > 'x'",
    "kind LIKE 'y%'", "kind = 'x' AND id > 9", "kind = 'nothing'", "coalesce(kind, 'x') = 'x'",
    "kind IS DISTINCT FROM 'y'", "path LIKE '%/x.parquet'", "path LIKE '%/x.parquet' OR kind IS NULL",
    "kind = 'y' AND path NOT LIKE '%both%'",
]


def compare(gateway, connection):
    for condition in CONDITIONS:
        theirs = connection.execute(f"SELECT id, kind, note, more, path FROM t WHERE {condition} ORDER BY id").fetchall()
        own = condition.replace("path", '"$path"')
        assert gateway.query(f'SELECT *, "$path" FROM t WHERE {own} ORDER BY id') == theirs, condition
        # Few columns, and a filter on what is not asked for.
        assert gateway.query(f"SELECT id FROM t WHERE {own} ORDER BY id") == [row[:1] for row in theirs], condition
        assert gateway.query(f"SELECT count(*) FROM t WHERE {own}") == [(len(theirs),)], condition
    theirs = connection.execute("SELECT path, kind, count(*) FROM t GROUP BY ALL ORDER BY ALL").fetchall()
    assert gateway.query('SELECT "$path", kind, count(*) FROM t GROUP BY 1, 2 ORDER BY 1, 2') == theirs
    theirs = connection.execute("SELECT kind, min(id), count(*) FROM t GROUP BY ALL ORDER BY ALL").fetchall()
    assert gateway.query("SELECT kind, min(id), count(*) FROM t GROUP BY kind ORDER BY kind") == theirs
    top = connection.execute("SELECT kind, id FROM t ORDER BY kind DESC NULLS LAST, id LIMIT 4").fetchall()
    assert gateway.query("SELECT kind, id FROM t ORDER BY kind DESC NULLS LAST, id LIMIT 4") == top


@pytest.mark.parametrize("way", WAYS)
def test_partition_values_of_some_files(tmp_path, way):
    folder = evolved(tmp_path / "t").commit()
    with Gateway(tmp_path / "lake", tables={"t": folder}, settings=WAYS[way]) as gateway:
        compare(gateway, expected(folder))


@pytest.mark.parametrize("way", WAYS)
def test_with_deletes(tmp_path, way):
    table = evolved(tmp_path / "t")
    table.positions("p0.parquet", [("own.parquet", 0), ("own.parquet", 4), ("older.parquet", 2)])
    table.positions("p1.parquet", [("x.parquet", 1), ("x.parquet", 3)], 1, "x")
    table.equality("e0.parquet", {"id": (LONG, [3, 7, 14])})
    table.equality("e1.parquet", {"kind": (STRING, ["y"]), "id": (LONG, [17])}, 1, "y")
    # Unpartitioned: of the whole table. Its key is a column that some files do not hold.
    table.equality("e2.parquet", {"kind": (STRING, ["x", None]), "more": (LONG, [9, 15])})
    folder = table.commit()
    connection = expected(folder)
    deleted = "(('own', 0), ('own', 4), ('older', 2), ('x', 1), ('x', 3))"
    connection.execute(f"DELETE FROM t WHERE (parse_filename(path, true), place) IN {deleted}")
    connection.execute("DELETE FROM t WHERE id IN (3, 7, 14, 17) OR more IN (9, 15)")
    assert connection.execute("SELECT count(*) FROM t").fetchall() == [(8,)]
    with Gateway(tmp_path / "lake", tables={"t": folder}, settings=WAYS[way]) as gateway:
        compare(gateway, connection)


def test_a_default_is_not_guessed(tmp_path):
    """Without the column a file is older than it, or its partition is that of NULL: a default tells them apart."""
    fields = [{**field, "initial-default": "d"} if field["name"] == "kind" else field for field in FIELDS]
    folder = evolved(tmp_path / "t", fields, 3).commit()
    with Gateway(tmp_path / "lake", tables={"t": folder}) as gateway:
        with pytest.raises(psycopg.Error, match='a data file without the partition column "kind"'):
            gateway.query("SELECT count(kind) FROM t")
        known = "SELECT count(*), count(kind) FROM t WHERE \"$path\" LIKE '%{}.parquet'"
        assert gateway.query(known.format("/x")) == [(4, 4)]
        assert gateway.query(known.format("own")) == [(6, 4)]


def test_columns_that_differ_by_case(tmp_path):
    for folder in ["two", "all", "late"]:
        (tmp_path / folder).mkdir()
    pq.write_table(pa.table({"Id": [1], "id": [2], "Note": ["a"]}), tmp_path / "two" / "a.parquet")
    pq.write_table(pa.table({"id": [4], "NOTE": ["b"]}), tmp_path / "two" / "b.parquet")
    pq.write_table(pa.table({"ID": [1], "Id": [2]}), tmp_path / "all" / "a.parquet")
    # Which of the two it is, nobody knows: a column of its own.
    pq.write_table(pa.table({"id": [1], "Id": [2]}), tmp_path / "late" / "a.parquet")
    pq.write_table(pa.table({"ID": [3]}), tmp_path / "late" / "b.parquet")
    tables = {name: tmp_path / name for name in ["two", "all", "late"]}
    with Gateway(tmp_path / "lake", tables=tables) as gateway:
        assert columns(gateway, "SELECT * FROM two") == ["Id", "id", "note"]
        assert gateway.query('SELECT "Id", id, ID, note FROM two ORDER BY note') == [(1, 2, 2, "a"), (None, 4, 4, "b")]
        assert gateway.query('SELECT id FROM two WHERE "Id" = 1') == [(2,)]
        assert gateway.query('SELECT id FROM two WHERE "id" = 4 AND "Id" IS NULL') == [(4,)]
        assert columns(gateway, 'SELECT "ID", "Id" FROM "all"') == ["ID", "Id"]
        with pytest.raises(psycopg.Error, match="does not exist"):
            gateway.query('SELECT id FROM "all"')
        assert gateway.query('SELECT "Id", id, "ID" FROM late ORDER BY id') == [(2, 1, None), (None, None, 3)]
        listed = "SELECT column_name FROM information_schema.columns WHERE table_name = '{}' ORDER BY ordinal_position"
        assert gateway.query(listed.format("two")) == [("Id",), ("id",), ("note",)]
        assert gateway.query(listed.format("all")) == [("ID",), ("Id",)]
