"""The lake and the servers that the client tests share."""

import pathlib
import sys

import duckdb
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import driver_gaps  # noqa: E402
import gaps  # noqa: E402
import sample  # noqa: E402
from gateway import Gateway, binary_path, run  # noqa: E402


@pytest.fixture(scope="session")
def binary():
    return binary_path()


@pytest.fixture(scope="session")
def demo_lake(tmp_path_factory):
    """The directory of the demo's lake, built once."""
    directory = tmp_path_factory.mktemp("demo") / "lake"
    run("demo", "--directory", directory, "--no-serve")
    return directory


@pytest.fixture(scope="session")
def types_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("types") / "types.parquet"
    sample.write(path)
    return path


@pytest.fixture(scope="session")
def server(demo_lake, types_file):
    """The demo's lake, and the table public.types."""
    with Gateway(demo_lake, tables={"types": types_file}) as gateway:
        yield gateway


@pytest.fixture
def connection(server):
    with server.connect() as opened:
        yield opened


@pytest.fixture(scope="session")
def long_file(tmp_path_factory):
    """Five million rows in one Parquet file, about 60 bytes a row on the wire."""
    path = tmp_path_factory.mktemp("long") / "long.parquet"
    duckdb.sql(
        f"COPY (SELECT i AS id, 'name of number ' || i AS name, i * 1.5 AS amount, "
        f"timestamp '2026-01-01' + to_seconds(i) AS at FROM range({sample.STREAM_ROWS}) AS r(i)) "
        f"TO '{path}' (FORMAT parquet)"
    )
    return path


@pytest.fixture(scope="module")
def stream_server(long_file, tmp_path_factory):
    """One table of five million rows, and nothing else that could use memory."""
    with Gateway(tmp_path_factory.mktemp("stream"), tables={"long": long_file}) as gateway:
        yield gateway


def pytest_collection_modifyitems(items):
    """What is known to fall short stays in the suite, by name and with its reason."""
    known = {**driver_gaps.KNOWN, **gaps.KNOWN}
    for item in items:
        name = item.nodeid.split("::", 1)[-1]
        # A line without parameters covers the whole family.
        gap = known.get(name) or known.get(name.split("[")[0])
        if gap:
            item.add_marker(pytest.mark.xfail(reason=gap.reason, run=gap.run, strict=False))
