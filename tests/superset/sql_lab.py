"""What people do in SQL Lab beside dashboards: queries, previews, cost, a mistake, a query they stop."""

import contextlib
import threading
import time
import uuid

import psycopg2

from api import Refused
from expected import difference

JOIN = (
    "SELECT c.sexo, k.categoria_credito, count(*) AS pessoas, avg(k.pontuacao) AS media "
    "FROM silver.customers c JOIN silver.credit_score k ON k.id_cliente = c.id "
    "GROUP BY 1, 2 ORDER BY 1, 2"
)
JOIN_ANSWER = (
    "SELECT c.sexo, CASE WHEN s > 800 THEN 'Muito_alto' WHEN s > 550 THEN 'Alto' WHEN s > 350 "
    "THEN 'Medio' WHEN s > 150 THEN 'Baixo' ELSE 'Muito_baixo' END, count(*), avg(s) "
    "FROM landing.customers c JOIN (SELECT customer_id, credit_score::INTEGER AS s "
    "FROM landing.credit_score) k ON k.customer_id = c.id GROUP BY ALL"
)
# Superset knows this one by its words, and explains it. Syntax it checks by itself, before it asks.
NO_COLUMN = "SELECT missing_column FROM silver.customers"
NEVER_ENDS = (
    "SELECT count(*) AS never_ends FROM retail.visits a, retail.visits b, retail.visits c "
    "WHERE a.price + b.price > c.price"
)
# Marks of these statements, which fail on purpose.
ON_PURPOSE = ("missing_column", "never_ends")
# What runs now, but for the question itself. Superset does not let its users ask this.
RUNNING = (
    "SELECT pid FROM pg_stat_activity WHERE query LIKE '%never_ends%' "
    "AND query NOT LIKE '%pg_stat_activity%' AND state = 'active'"
)
RUNNING_SECONDS_MAX, STOP_SECONDS_MAX, POLL_SECONDS = 60, 30, 0.2

# Steps that fail by now, each with its reason. One that passes is told, and its line should go.
GAPS = {
    "SQL Lab: the cost of a query": "EXPLAIN shows no cost=A..B",
    "SQL Lab: a missing column is explained":
        "errors of planning carry no position, so no LINE that Superset looks for",
}


def steps(api, database, wanted, port):
    """Each thing by its name, as a function that raises or gives what there is to say."""
    return {
        "SQL Lab: a join": lambda: join(api, database, wanted),
        "SQL Lab: a table's name without its schema": lambda: unqualified(api, database, wanted),
        "SQL Lab: EXPLAIN": lambda: explain(api, database),
        "SQL Lab: the cost of a query": lambda: cost(api, database),
        "SQL Lab: a table's columns and preview": lambda: preview(api, database),
        "SQL Lab: a missing column is explained":
            lambda: mistake(api, database, NO_COLUMN, "COLUMN_DOES_NOT_EXIST_ERROR"),
        "SQL Lab: a running query is stopped": lambda: stop(api, database, port),
    }


def join(api, database, wanted):
    rows = [tuple(row.values()) for row in api.run_sql(database, JOIN)]
    differs = difference(rows, wanted.answer(JOIN_ANSWER), ordered=False)
    assert not differs, differs
    return f"{len(rows)} rows"


def unqualified(api, database, wanted):
    """Superset sets the search path to the schema that is chosen beside the editor."""
    rows = api.run_sql(database, "SELECT count(*) AS n FROM customers", schema="silver")
    expected = wanted.answer("SELECT count(*) FROM landing.customers")
    assert rows[0]["n"] == expected[0][0], rows
    return f"{rows[0]['n']} customers"


def explain(api, database):
    rows = api.run_sql(database, "EXPLAIN " + JOIN)
    assert rows, "no plan"
    return f"{len(rows)} lines"


def cost(api, database):
    """Superset takes the cost out of the text of a plan, as PostgreSQL writes it."""
    body = {"database_id": database, "sql": JOIN, "schema": "silver"}
    result = api.post("sqllab/estimate/", body)["result"]
    assert {"Start-up cost", "Total cost"} <= set(result[0]), result
    return ", ".join(f"{name.lower()} {value}" for name, value in result[0].items())


def preview(api, database):
    table = api.get(f"database/{database}/table_metadata/", name="customers", schema="silver")
    names = [column["name"] for column in table["columns"]]
    rows = api.run_sql(database, table["selectStar"])
    assert list(rows[0]) == names, (list(rows[0]), names)
    return f"{len(names)} columns, {len(rows)} rows"


def mistake(api, database, sql, kind):
    try:
        api.run_sql(database, sql)
    except Refused as refused:
        assert refused.kinds == [kind], refused
        return kind
    raise AssertionError(f"{sql} gave an answer")


def stop(api, database, port):
    """Stopped from another connection, by the number that pg_backend_pid() gave."""
    client, outcome = uuid.uuid4().hex[:11], []
    body = {"database_id": database, "sql": NEVER_ENDS, "client_id": client, "runAsync": False}
    running = threading.Thread(target=lambda: outcome.append(refusal(api, body)), daemon=True)
    running.start()
    wait_until_it_runs(port, running, outcome)
    asked = time.monotonic()
    api.post("query/stop", {"client_id": client})
    running.join(STOP_SECONDS_MAX)
    assert not running.is_alive(), "it still runs"
    assert outcome[0], "it gave an answer"
    assert not is_running(port), "Lakegate still runs it"
    return f"ended {time.monotonic() - asked:.1f} s after it was asked to"


def wait_until_it_runs(port, running, outcome):
    ended = time.monotonic() + RUNNING_SECONDS_MAX
    while not is_running(port):
        assert time.monotonic() < ended and running.is_alive(), outcome or "it did not begin"
        threading.Event().wait(POLL_SECONDS)


def is_running(port):
    """Asked by a connection of this test's own."""
    connection = psycopg2.connect(host="127.0.0.1", port=port, user="lakegate", dbname="lake")
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute(RUNNING)
        return bool(cursor.fetchall())


def refusal(api, body):
    try:
        api.post("sqllab/execute/", body)
    except Refused as refused:
        return str(refused)
    return None
