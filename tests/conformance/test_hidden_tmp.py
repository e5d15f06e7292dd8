"""`"$path"` on tables others wrote: it changes no row, and says of each row which file it is in."""

import pathlib
import sys
import urllib.parse

import duckdb
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import run  # noqa: E402
from test_conformance import CASES, GAPS  # noqa: E402

# Their rows are what is checked elsewhere.
KNOWN = [
    known for known in CASES
    if known.expected and not known.must_fail and known.name not in run.APART and known.title not in GAPS
]


def asked(known, sql, directory, way=""):
    output = directory / "answer.parquet"
    output.unlink(missing_ok=True)
    return run.ask(known, sql, output, way), output


def local(path):
    """The file, whether its name was written as it is or encoded."""
    plain = pathlib.Path(path.removeprefix("file:"))
    return plain if plain.is_file() else pathlib.Path(urllib.parse.unquote(str(plain)))


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.title)
def test_table(known, tmp_path):
    for way in ["", "with pushdown"]:
        done, output = asked(known, f"SELECT * FROM {known.relation} WHERE \"$path\" LIKE 'file:/%'", tmp_path, way)
        result = run.judge(known, done, output)
        if result.outcome == "refused":
            pytest.skip(result.detail)
        assert result.outcome == "equal", f"{way}: {result.detail}"
    rows = run.rows_of(*known.expected)
    done, output = asked(known, f'SELECT "$path" AS path, count(*) AS n FROM {known.relation} GROUP BY 1', tmp_path)
    assert done.returncode == 0, done.stderr
    counts = duckdb.sql(f"SELECT path, n FROM {run.files([output])}").fetchall()
    assert sum(n for _, n in counts) == rows
    for path, n in counts:
        assert 0 < n <= run.rows_of(local(path)), path
    some = [path for path, _ in counts[:3]]
    parts = [
        f"SELECT {i} AS i, count(*) AS n FROM {known.relation} WHERE \"$path\" = '{path.replace(chr(39), chr(39) * 2)}'"
        for i, path in enumerate(some)
    ]
    if parts:
        done, output = asked(known, " UNION ALL ".join(parts), tmp_path, "with pushdown")
        assert done.returncode == 0, done.stderr
        found = dict(duckdb.sql(f"SELECT i, n FROM {run.files([output])}").fetchall())
        assert [found[i] for i in range(len(some))] == [n for _, n in counts[:3]]
