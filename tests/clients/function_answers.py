"""What PostgreSQL answered to the statements under functions/, one a line, and how answers are compared.

    python function_answers.py --write "host=127.0.0.1 port=5432 user=… dbname=…"

asks a PostgreSQL 15 and keeps its answers beside the statements: types, rows as text, or the SQLSTATE.
"""

import argparse
import decimal
import json
import pathlib

import psycopg

FOLDER = pathlib.Path(__file__).parent / "functions"
NUMERIC, FLOAT8, JSON = 1700, 701, 114
# Of irrational numbers as many digits are compared as a double has.
TOLERANCE = decimal.Decimal("1e-13")


def statements(family):
    lines = (FOLDER / f"{family}.sql").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("--")]


def families():
    return sorted(path.stem for path in FOLDER.glob("*.sql"))


def answers(family):
    return json.loads((FOLDER / f"{family}.json").read_text())


def waiting():
    """Statements that are answered otherwise for now, with the reason."""
    return json.loads((FOLDER / "waiting.json").read_text())


def ask(connection, sql):
    """The types, names and rows as text; or what kind of error it is."""
    try:
        result = connection.execute(sql).pgresult
    except psycopg.Error as error:
        return {"error": error.sqlstate}
    columns = range(result.nfields)
    values = [[result.get_value(row, at) for at in columns] for row in range(result.ntuples)]
    return {
        "names": [result.fname(at).decode() for at in columns],
        "types": [result.ftype(at) for at in columns],
        "rows": [[None if v is None else v.decode() for v in row] for row in values],
    }


def is_same(expected, found):
    """Text for text; numbers by value: numerics have one scale per column here, and sums of doubles an order."""
    if "error" in expected or "error" in found:
        return expected == found
    if expected["types"] != found["types"] or expected["names"] != found["names"]:
        return False
    if len(expected["rows"]) != len(found["rows"]):
        return False
    return all(
        same_value(kind, a, b)
        for row, other in zip(expected["rows"], found["rows"])
        for kind, a, b in zip(expected["types"], row, other)
    )


def same_value(kind, expected, found):
    if expected == found or expected is None or found is None:
        return expected == found
    if kind in (NUMERIC, FLOAT8):
        a, b = decimal.Decimal(expected), decimal.Decimal(found)
        return abs(a - b) <= TOLERANCE * max(abs(a), 1)
    # Spaces of json have no meaning.
    return kind == JSON and json.loads(expected) == json.loads(found)


def write(dsn):
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SET TimeZone TO 'UTC'")
        for family in families():
            kept = {sql: ask(connection, sql) for sql in statements(family)}
            text = json.dumps(kept, ensure_ascii=False, indent=0)
            (FOLDER / f"{family}.json").write_text(text + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", metavar="DSN", required=True)
    write(parser.parse_args().write)
