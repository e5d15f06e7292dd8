"""Superset's own REST API, as its pages use it."""

import json

import requests

from cards import ROWS_MAX

TIMEOUT_SECONDS = 300


class Refused(Exception):
    """Superset's answer was an error. `kinds` are its own names for what went wrong."""

    def __init__(self, status, body):
        super().__init__(f"{status}: {body[:1500]}")
        self.kinds = error_kinds(body)


def error_kinds(body):
    try:
        errors = json.loads(body).get("errors", [])
        return [error.get("error_type") for error in errors]
    except (ValueError, AttributeError):
        return []


class Api:
    def __init__(self, address, user, password):
        self.address = address
        self.session = requests.Session()
        login = {"username": user, "password": password, "provider": "db"}
        token = self.post("security/login", login)["access_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"
        # Everything that writes is protected against other sites' pages.
        self.session.headers["X-CSRFToken"] = self.get("security/csrf_token/")["result"]
        self.session.headers["Referer"] = address

    def get(self, path, **parameters):
        return self._ask("GET", path, params=parameters)

    def post(self, path, body):
        return self._ask("POST", path, json=body)

    def put(self, path, body):
        return self._ask("PUT", path, json=body)

    def _ask(self, method, path, **options):
        url = f"{self.address}/api/v1/{path}"
        response = self.session.request(method, url, timeout=TIMEOUT_SECONDS, **options)
        if not response.ok:
            raise Refused(response.status_code, response.text)
        return response.json()

    def connect(self, uri):
        """Tests the connection as the dialog does, then keeps it; gives the database's number."""
        database = {"database_name": "Lakegate", "sqlalchemy_uri": uri}
        self.post("database/test_connection/", database)
        extra = json.dumps({"cost_estimate_enabled": True})
        return self.post("database/", {**database, "expose_in_sqllab": True, "extra": extra})["id"]

    def tables(self, database):
        """Every table and view of every schema that the dialog for datasets would offer."""
        found = []
        for schema in self.get(f"database/{database}/schemas/", q="(force:!t)")["result"]:
            query = f"(force:!t,schema_name:{schema})"
            answer = self.get(f"database/{database}/tables/", q=query)
            found += [f"{schema}.{table['value']}" for table in answer["result"]]
        return sorted(found)

    def add_dataset(self, database, name):
        schema, table = name.split(".")
        body = {"database": database, "schema": schema, "table_name": table}
        return self.post("dataset/", body)["id"]

    def add_virtual_dataset(self, database, name):
        """The same rows, as a query that Superset puts into FROM."""
        schema = name.split(".")[0]
        body = {"database": database, "schema": schema, "table_name": name,
                "sql": f"SELECT * FROM {name}"}
        return self.post("dataset/", body)["id"]

    def dataset_columns(self, dataset):
        """Names and kinds as Superset read them when the dataset was added."""
        columns = self.get(f"dataset/{dataset}")["result"]["columns"]
        return [(column["column_name"], column["type_generic"]) for column in columns]

    def add_chart(self, card, dataset, dashboard):
        params = {**card.form, "viz_type": card.kind, "datasource": f"{dataset}__table"}
        body = {
            "slice_name": card.title, "viz_type": card.kind, "dashboards": [dashboard],
            "datasource_id": dataset, "datasource_type": "table", "params": json.dumps(params),
            "query_context": json.dumps(query_context(card, dataset)),
        }
        return self.post("chart/", body)["id"]

    def rows(self, card, dataset, filters=()):
        """What the card's query gives, by the labels that are compared."""
        answer = self.post("chart/data", query_context(card, dataset, filters))
        return picked(card, answer)

    def run_sql(self, database, sql, schema=None):
        """As SQL Lab runs it: in the session's search path, one statement after the other."""
        body = {"database_id": database, "sql": sql, "schema": schema, "runAsync": False,
                "queryLimit": ROWS_MAX, "expand_data": True}
        return self.post("sqllab/execute/", body)["data"]


def query_context(card, dataset, filters=()):
    query = {"row_limit": ROWS_MAX, **card.query}
    query["filters"] = [*query.get("filters", ()), *filters]
    return {
        "datasource": {"id": dataset, "type": "table"}, "force": True, "queries": [query],
        "form_data": {"viz_type": card.kind}, "result_format": "json", "result_type": "full",
    }


def picked(card, answer):
    data = answer["result"][0]["data"]
    return [tuple(row[name] for name in card.columns) for row in data]
