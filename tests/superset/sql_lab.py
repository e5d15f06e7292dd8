"""What people do in SQL Lab beside dashboards: queries, previews, cost, mistakes, a query they stop."""

import threading
import time
import uuid

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
# Superset knows these by their words, and explains them to whoever wrote the query.
MISTAKES = (
    ("SELECT missing_column FROM silver.customers", "COLUMN_DOES_NOT_EXIST_ERROR"),
    ("SELECT 1 +* 2 FROM silver.customers", "SYNTAX_ERROR"),
)
# Marks the statements above, which fail on purpose, and the one that is stopped.
ON_PURPOSE = ("missing_column", "1 +* 2", "never_ends")
NEVER_ENDS = (
    "SELECT count(*) AS never_ends FROM retail.visits a, retail.visits b, retail.visits c "
    "WHERE a.price + b.price > c.price"
)
BEGIN_SECONDS_MAX, STOP_SECONDS_MAX, POLL_SECONDS = 60, 60, 0.2


def steps(api, database, wanted):
    """Each thing by its name, as a function that raises or gives what there is to say."""
    return {
        "SQL Lab: a join": lambda: join(api, database, wanted),
        "SQL Lab: a table's name without its schema": lambda: unqualified(api, database, wanted),
        "SQL Lab: EXPLAIN": lambda: explain(api, database),
        "SQL Lab: the cost of a query": lambda: cost(api, database),
        "SQL Lab: a table's columns and preview": lambda: preview(api, database),
        "SQL Lab: mistakes are explained": lambda: mistakes(api, database),
        "SQL Lab: a running query is stopped": lambda: stop(api, database),
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


def mistakes(api, database):
    for sql, kind in MISTAKES:
        try:
            api.run_sql(database, sql)
        except Refused as refused:
            assert refused.kinds == [kind], f"{sql}: {refused.kinds}, {refused}"
        else:
            raise AssertionError(f"{sql} gave an answer")
    return ", ".join(kind for _, kind in MISTAKES)


def stop(api, database):
    """Stopped from another connection, by the number that pg_backend_pid() gave."""
    client, outcome = uuid.uuid4().hex[:11], []
    body = {"database_id": database, "sql": NEVER_ENDS, "client_id": client, "runAsync": False}
    running = threading.Thread(target=lambda: outcome.append(_refusal(api, body)), daemon=True)
    running.start()
    ended = time.monotonic() + BEGIN_SECONDS_MAX
    # Until Superset noted the number, there is nothing that could be stopped.
    while not stopped(api, client):
        assert time.monotonic() < ended and running.is_alive(), outcome or "it did not begin"
        threading.Event().wait(POLL_SECONDS)
    asked = time.monotonic()
    running.join(STOP_SECONDS_MAX)
    assert not running.is_alive(), "it still runs"
    assert outcome[0], "it gave an answer"
    return f"ended after {time.monotonic() - asked:.1f} s"


def _refusal(api, body):
    try:
        api.post("sqllab/execute/", body)
    except Refused as refused:
        return str(refused)
    return None


def stopped(api, client):
    try:
        api.post("query/stop", {"client_id": client})
        return True
    except Refused:
        return False
