"""pgcli: what its completion asks in the background, and its special commands."""

import sys

from pgcli.completion_refresher import CompletionRefresher
from pgcli.pgexecute import PGExecute

COMMANDS = ["\\l", "\\dn", "\\dt", "\\dt shop.*", "\\d shop.customers", "\\d+ gold.order_totals",
            "\\dv gold.*", "\\di", "\\ds", "\\df", "\\dT", "\\du", "\\dx", "\\dp", "\\db", "\\dD",
            "\\dm", "\\ddp", "\\dE", "\\sf pg_catalog.nothing", "\\dn+", "\\dt+ shop.*", "\\d",
            "SELECT * FROM shop.customers ORDER BY id", "SELECT nothing", "SELECT 1; SELECT 2",
            "EXPLAIN SELECT 1", "\\h select"]

executor = PGExecute("lake", "lakegate", None, "127.0.0.1", sys.argv[1])
for name, refresh in CompletionRefresher.refreshers.items():
    class Completer:
        """Takes whatever a refresher finds."""

        def __getattr__(self, _):
            return lambda *arguments, **_: [list(a) for a in arguments if hasattr(a, "__iter__")]

        search_path = []

    try:
        refresh(Completer(), executor)
    except Exception as error:
        print(name, str(error)[:150], file=sys.stderr)
METHODS = ("search_path", "schemata", "tables", "views", "table_columns", "view_columns",
           "databases", "full_databases", "foreignkeys", "functions", "datatypes", "casing",
           "get_timezone", "is_virtual_database", "get_socket_directory")
ASKED = [(getattr(executor, method), []) for method in METHODS] + [
    (executor.view_definition, ["gold.order_totals"]),
    (executor.function_definition, ["pg_catalog.lower"]),
    (executor.set_timezone, ["Europe/Lisbon"]),
]
for ask, arguments in ASKED:
    try:
        found = ask(*arguments)
        if hasattr(found, "__iter__"):
            list(found)
    except Exception as error:
        print(ask, str(error)[:150], file=sys.stderr)
from pgspecial.main import PGSpecial  # noqa: E402

special = PGSpecial()
for command in COMMANDS:
    try:
        for result in executor.run(command, special):
            if result[1] is not None and hasattr(result[1], "__iter__"):
                list(result[1])
    except Exception as error:
        print(command, str(error)[:150], file=sys.stderr)
