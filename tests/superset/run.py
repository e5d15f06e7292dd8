"""Apache Superset, as it comes from PyPI, on Lakegate's demo: see README.md beside this.

    python tests/superset/run.py --screenshot dashboard.png
"""

import argparse
import pathlib
import sys
import tempfile
import time

import browser
import layout
import servers
import sql_lab
from api import Api, picked
from cards import CARDS, SEX_FILTER
from expected import Expected, difference
from relay import Relay

FILTER_TABLE = "silver.customers"
SHOWN = [card.table for card in CARDS]
SYSTEM = ("information_schema", "pg_catalog", "lakegate")
EXCERPT_MAX = 160
LINE = "{:<4} {:>6} {:>6} {:<44} {}"


class Report:
    """What was tried and how it went; one line each, as it happens."""

    def __init__(self):
        self.passed = self.failed = self.gaps = 0

    def heading(self, text):
        print(f"\n{text}\n" + LINE.format("", "rows", "s", "", ""), flush=True)

    def attempt(self, name, action):
        """Runs one step. A step that fails is told, and the next ones go on."""
        started = time.monotonic()
        gap = sql_lab.GAPS.get(name)
        try:
            said = action()
        except Exception as error:  # noqa: BLE001: whatever it is, it belongs into the table
            why = f"{type(error).__name__}: {error}"
            # The reason does not hide another one: what really happened is told beside it.
            why = f"{gap} ({why[:EXCERPT_MAX]})" if gap else why
            self._line("gap" if gap else "FAIL", name, "", why, started)
            self.gaps += bool(gap)
            self.failed += not gap
            return None
        rows = len(said) if isinstance(said, list) else ""
        note = said if isinstance(said, str) else ""
        self._line("ok", name, rows, f"{note} (not a gap any more)" if gap else note, started)
        self.passed += 1
        return said

    def _line(self, word, name, rows, note, started):
        seconds = f"{time.monotonic() - started:.1f}"
        print(LINE.format(word, rows, seconds, name, note).rstrip(), flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--screenshot", type=pathlib.Path, help="where the dashboard's picture goes")
    parser.add_argument("--chromium", help="path of a Chromium; the system's is found by itself")
    parser.add_argument("--keep", type=pathlib.Path, help="a new directory to use, and not to remove")
    parser.add_argument("--no-browser", action="store_true", help="only what the REST API shows")
    return parser.parse_args()


def main():
    options, report = arguments(), Report()
    with tempfile.TemporaryDirectory(prefix="lakegate-superset-") as temporary:
        directory = (options.keep or pathlib.Path(temporary)).resolve()
        directory.mkdir(parents=True, exist_ok=True)
        with servers.lakegate(directory) as port, Relay(port) as relay:
            with servers.superset(directory) as superset:
                run(options, report, directory / "lake", relay, superset)
    if report.gaps:
        print(f"\n{report.gaps} known to fall short")
    print(f"\n{report.passed} passed, {report.failed} failed")
    return 1 if report.failed else 0


def run(options, report, lake, relay, superset):
    wanted = Expected(lake)
    api = Api(*superset)
    report.heading("Connecting, and every table as a dataset")
    uri = f"postgresql+psycopg2://lakegate@127.0.0.1:{relay.port}/lake"
    database = report.attempt("database", lambda: api.connect(uri))
    if database is None:
        return
    datasets = sync(report, api, database, wanted)
    dashboard, charts = build(report, api, datasets)
    report.heading("Cards, asked through the REST API, beside DuckDB")
    ask(report, api, datasets, wanted)
    if not options.no_browser:
        look(options, report, superset, dashboard, charts, wanted)
    report.heading("SQL Lab")
    for name, step in sql_lab.steps(api, database, wanted, relay.port).items():
        report.attempt(name, step)
    report.heading("What Lakegate refused meanwhile")
    report.attempt("statements that failed", lambda: refused(relay))


def sync(report, api, database, wanted):
    """Datasets by the name of their table; columns beside DuckDB's where it has the table."""
    found = report.attempt("tables found", lambda: api.tables(database)) or []
    missing = [name for name in wanted.tables if name not in found]
    report.attempt("none is missing", lambda: check(not missing, missing))
    datasets, taken = {}, set()
    for name in sorted(filter(is_of_the_demo, found), key=lambda name: (name not in SHOWN, name)):
        table = name.split(".")[1]
        # With its metadata in SQLite, Superset has room for one dataset per table's name, whatever the
        # schema; the next one becomes a dataset over a query, as its users do then.
        add = api.add_virtual_dataset if table in taken else api.add_dataset
        taken.add(table)
        number = report.attempt(
            f"dataset {name}", lambda: dataset(api, add(database, name), name, wanted)
        )
        if number:
            datasets[name] = number
    return datasets


def is_of_the_demo(name):
    return name.split(".")[0] not in SYSTEM


def dataset(api, number, name, wanted):
    columns = api.dataset_columns(number)
    check(columns, "no columns")
    if name in wanted.tables:
        check(columns == wanted.columns(name), f"{columns} and not {wanted.columns(name)}")
    return number


def build(report, api, datasets):
    """The dashboard with all cards whose dataset is there; gives its number and theirs."""
    dashboard = layout.create(api)
    charts = {}
    for card in filter(lambda card: card.table in datasets, CARDS):
        charts[card.title] = api.add_chart(card, datasets[card.table], dashboard)
    cards = [card for card in CARDS if card.title in charts]
    layout.arrange(api, dashboard, cards, charts, datasets.get(FILTER_TABLE))
    report.attempt("a chart for every card", lambda: check(len(cards) == len(CARDS), list(charts)))
    return dashboard, charts


def ask(report, api, datasets, wanted):
    for card in CARDS:
        number = datasets.get(card.table)
        report.attempt(card.title, lambda: same(card, api.rows(card, number), wanted, card.answer))
    for card in filter(lambda card: card.answer_for_women, CARDS):
        report.attempt(
            f"{card.title}, women only",
            lambda: same(card, api.rows(card, datasets.get(card.table), [SEX_FILTER]), wanted,
                         card.answer_for_women),
        )


def same(card, rows, wanted, answer):
    differs = difference(rows, wanted.answer(answer), card.ordered)
    check(not differs, differs)
    return rows


def look(options, report, superset, dashboard, charts, wanted):
    """The page itself: what each card asked and shows, then the same with the filter set."""
    with browser.page(options.chromium or browser.chromium()) as opened:
        seen = browser.Dashboard(opened, *superset)
        report.heading("The dashboard in a browser")
        report.attempt("all cards are drawn", lambda: seen.open(dashboard, len(charts)))
        if options.screenshot:
            report.attempt("screenshot", lambda: seen.screenshot(options.screenshot))
        drawn(report, seen, charts, wanted, {card.title: card.answer for card in CARDS}, "")
        women = {c.title: c.answer_for_women for c in CARDS if c.answer_for_women}
        report.heading("The dashboard, filtered in the browser")
        asking = [charts[title] for title in women if title in charts]
        report.attempt("the filter is set", lambda: seen.choose("F", asking))
        report.attempt("all cards are drawn again", lambda: seen.wait(len(charts)))
        drawn(report, seen, charts, wanted, women, ", women only")


def drawn(report, seen, charts, wanted, answers, suffix):
    cards = seen.cards()
    for card in CARDS:
        if card.title in answers and card.title in charts:
            number = charts[card.title]
            report.attempt(
                card.title + suffix,
                lambda: shown(card, seen, cards.get(number), number, wanted, answers[card.title]),
            )


def shown(card, seen, state, number, wanted, answer):
    check(state, "the card is not on the page")
    check(not state["errors"], state["errors"])
    check(state["drawn"], "the card is empty")
    return same(card, picked(card, seen.answer(number)), wanted, answer)


def refused(relay):
    """Superset hides some errors; here every one counts, but for those this test asked for."""
    errors = [entry for entry in relay.refused if not any(m in entry[0] for m in sql_lab.ON_PURPOSE)]
    check(not errors, "\n     ".join(map(str, errors)))
    for mark in sql_lab.ON_PURPOSE:
        check(any(mark in statement for statement, *_ in relay.refused), f"{mark} did not fail")
    return f"none of {relay.statements} statements, but for {len(relay.refused)} on purpose"


def check(holds, why):
    if not holds:
        raise AssertionError(str(why))


if __name__ == "__main__":
    sys.exit(main())
