"""TPC-H: lakegate beside DataFusion and DuckDB on the same data files (see `engines.py`).

    tpch.py [--scale 1] [--rounds 5] [--queries 1,6,17] [--format delta|iceberg] [--deleted] [--answers] [--write]

The data is made once by tpchgen-cli, below the target directory or LAKEGATE_BENCH_DATA. With --format,
lakegate reads Delta or Iceberg tables over the very same files (`tables.py`), and the others read the files.
With --deleted, 5 % of the rows of the large tables are deleted by deletion vectors (Delta) or position deletes
(Iceberg), and the others read files without those rows.
"""

import pathlib
import subprocess
import sysconfig

import engines
import tables

HERE = pathlib.Path(__file__).resolve().parent
TABLES = ["customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier"]
# Those with deletes.
LARGE = {"customer", "lineitem", "orders", "partsupp"}
PARTS = 4


def data_directory(scale):
    directory = engines.data_base() / f"tpch-{scale:g}"
    if not (directory / "supplier").is_dir():
        directory.mkdir(parents=True, exist_ok=True)
        program = pathlib.Path(sysconfig.get_path("scripts")) / "tpchgen-cli"
        command = [program, "parquet", "-s", f"{scale:g}", f"--parts={PARTS}"]
        subprocess.run([*command, f"--output-dir={directory}"], check=True)
    return directory


def query_text(number):
    return (HERE / "tpch" / f"q{number:02}.sql").read_text().strip().rstrip(";")


def main():
    parser = engines.options(__doc__.split("\n\n")[0])
    parser.add_argument("--queries", help="numbers, separated by commas; all when absent")
    arguments = parser.parse_args()
    listed = arguments.queries.split(",") if arguments.queries else range(1, 23)
    directory = data_directory(arguments.scale)
    large = LARGE if arguments.deleted else set()
    lake, parquet = tables.made(directory, TABLES, arguments.format, large)
    suite = engines.Suite(lake, parquet, {f"Q{int(n)}": query_text(int(n)) for n in listed})
    words = engines.variant(arguments)
    what = " ".join([f"Scale {arguments.scale:g}, {PARTS} files a table", *(f"({word})" for word in words)])
    engines.run(suite, arguments, "-".join(["tpch", *words]), " ".join(["TPC-H,", *words]), what)


if __name__ == "__main__":
    main()
