"""TPC-H at a small scale: all 22 answers are DuckDB's and the datafusion wheel's, from every format."""

import os
import subprocess
import sys

import pytest

from gateway import ROOT


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tmp_path_factory.mktemp("tpch")


@pytest.mark.parametrize("table_format", ["parquet", "delta"])
def test_answers(data, table_format):
    chosen = [] if table_format == "parquet" else ["--format", table_format]
    command = [sys.executable, ROOT / "benches" / "tpch.py", "--scale", "0.02", "--answers", *chosen]
    environment = {**os.environ, "LAKEGATE_BENCH_DATA": str(data)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and "all answers agree" in done.stderr, done.stderr
