"""Random queries over one table, in words that Lakegate and DuckDB read the same way.

Everything is drawn from one `random.Random`: the same seed and tables give the same queries. Literals come
from the table's own rows, their neighbours and the limits of their types, because reading goes
wrong at the edges of statistics: at a minimum, just above a maximum, at a truncated text.

Left out, because the engines (or Postgres) mean different things by them: a real compared with a decimal
literal, division, backslashes in LIKE, timestamps that have no nanoseconds since 1970. Left out as well is what
is known to go wrong: `GAPS` in `test_fuzz.py` has one test of each, which fails when it is mended.
"""

import dataclasses
import re

from expressions import (
    bool_expression, Column, compare, COMPARISONS, date_expression, decimal_expression, expression,
    integer_expression, literal, neighbour, quoted, small, Sql, sql, text_expression, timestamp_expression,
)

DEPTH_MAX = 3
# Tables of more rows are asked for aggregates and first rows, never for all rows.
ROWS_MAX = 3000


# Predicates: a tree, so that a query that differs can be made smaller.


@dataclasses.dataclass(frozen=True)
class Leaf:
    text: Sql

    parts = ()

    def sql(self):
        return self.text


@dataclasses.dataclass(frozen=True)
class Tree:
    # AND, OR or NOT.
    word: str
    parts: tuple

    def sql(self):
        inner = [part.sql() for part in self.parts]
        if self.word == "NOT":
            return sql("bool", "NOT ({0})", inner[0])
        slots = f" {self.word} ".join("{%d}" % i for i in range(len(inner)))
        return sql("bool", f"({slots})", *inner)


def predicate(rng, table, depth=0):
    if depth >= DEPTH_MAX or rng.random() < 0.4:
        return leaf(rng, table, alone=depth == 0)
    word = rng.choice(["AND", "AND", "OR", "OR", "NOT"])
    count = 1 if word == "NOT" else rng.choice([2, 2, 3])
    return Tree(word, tuple(predicate(rng, table, depth + 1) for _ in range(count)))


def leaf(rng, table, alone=False):
    column = rng.choice(table.columns)
    if alone and column.kind not in ("nested", "time") and rng.random() < 0.05:
        return Leaf(among(rng, table, column, [Sql(column.kind, "NULL", "NULL")]))
    if column.kind in ("nested", "time") or rng.random() < 0.08:
        return Leaf(sql("bool", rng.choice(["{0} IS NULL", "{0} IS NOT NULL"]), column.sql))
    makers = [compare, compare, compare, between, among, other_column, distinct_from, on_expression]
    if table.rows <= ROWS_MAX:
        makers.append(in_subquery)
    if column.kind == "text":
        makers += [like, like, like]
    if column.kind == "bool":
        makers += [truth, truth]
    return Leaf(rng.choice(makers)(rng, table, column))


def between(rng, table, column):
    word = rng.choice(["BETWEEN", "BETWEEN", "NOT BETWEEN"])
    return sql("bool", f"{{0}} {word} {{1}} AND {{2}}", column.sql, literal(rng, column), literal(rng, column))


def among(rng, table, column, more=()):
    values = [literal(rng, column) for _ in range(rng.choice([1, 2, 3, 5, 25]))] + [*more]
    slots = ", ".join("{%d}" % (i + 1) for i in range(len(values)))
    return sql("bool", f"{{0}} {rng.choice(['IN', 'IN', 'NOT IN'])} ({slots})", column.sql, *values)


def other_column(rng, table, column):
    # Bytes of a fixed length have no order with others.
    same = [c for c in table.columns if c.kind == column.kind and (c is column or c.kind != "bytes")]
    return sql("bool", f"{{0}} {rng.choice(COMPARISONS)} {{1}}", column.sql, rng.choice(same).sql)


def distinct_from(rng, table, column):
    word = rng.choice(["IS DISTINCT FROM", "IS NOT DISTINCT FROM"])
    return sql("bool", f"({{0}} {word} {{1}})", column.sql, literal(rng, column))


def truth(rng, table, column):
    words = ["{0}", "NOT {0}", "{0} IS TRUE", "{0} IS NOT TRUE", "{0} IS FALSE", "{0} IS NOT FALSE", "{0} = true"]
    return sql("bool", rng.choice(words), column.sql)


def like(rng, table, column):
    text = re.sub(r"[\\%_]", "_", neighbour(rng, column))
    start, end = sorted(rng.randint(0, len(text)) for _ in range(2))
    pattern = rng.choice([f"{text[:end]}%", f"%{text[start:]}", f"%{text[start:end]}%", f"{text[:start]}_%", text])
    word = rng.choice(["LIKE", "LIKE", "NOT LIKE", "ILIKE"])
    return sql("bool", f"{{0}} {word} {{1}}", column.sql, Sql("text", quoted(pattern), quoted(pattern)))


def on_expression(rng, table, column):
    """A comparison with something computed, which statistics must not be used for as they are."""
    made = computed_simple(rng, column)
    if made is None:
        return compare(rng, table, column)
    imagined = {
        "int": "BIGINT", "text": "VARCHAR", "double": "DOUBLE", "date": "DATE", "bool": "BOOLEAN",
        "timestamp": "TIMESTAMP", "timestamptz": "TIMESTAMP WITH TIME ZONE",
    }
    values = column.values if made.kind == column.kind else ()
    if made.kind not in imagined:
        return sql("bool", "{0} IS NOT NULL", made)
    like_it = Column("", imagined[made.kind], values)
    return sql("bool", f"{{0}} {rng.choice(COMPARISONS)} {{1}}", made, literal(rng, like_it))


def computed_simple(rng, column):
    """`computed` without conditions, which would nest."""
    makers = {
        "int": integer_expression, "text": text_expression, "date": date_expression,
        "timestamp": timestamp_expression, "timestamptz": timestamp_expression, "bool": bool_expression,
        "decimal": decimal_expression,
    }
    return makers[column.kind](rng, column) if column.kind in makers else None


def in_subquery(rng, table, column):
    """What becomes a join whose filter is known only while it runs."""
    inner = compare(rng, table, column)
    found = f"{{0}} IS NOT NULL AND {{0}} IN (SELECT {{0}} FROM {table.name} WHERE {{1}})"
    return sql("bool", f"({found})", column.sql, inner)


# Statements


@dataclasses.dataclass(frozen=True)
class Statement:
    table: str
    items: tuple
    where: object = None
    # A join with some of the table's own keys: see `join`.
    joined: Sql | None = None
    distinct: bool = False
    # The first so many items are the groups; None without GROUP BY.
    groups: int | None = None
    having: Sql | None = None
    # (position of an item, "ASC NULLS FIRST" and the like)
    order: tuple = ()
    limit: int | None = None
    offset: int = 0

    def text(self, dialect, limited=True):
        items = [f"{shown(item, dialect)} AS c{i}" for i, item in enumerate(self.items)]
        words = ["SELECT DISTINCT" if self.distinct else "SELECT", ", ".join(items), "FROM", self.table]
        if self.joined is not None:
            words.append(getattr(self.joined, dialect))
        if self.where is not None:
            words += ["WHERE", getattr(self.where.sql(), dialect)]
        if self.groups:
            words += ["GROUP BY", ", ".join(str(i + 1) for i in range(self.groups))]
        if self.having is not None:
            words += ["HAVING", getattr(self.having, dialect)]
        if self.order:
            words += ["ORDER BY", ", ".join(f"{i + 1} {direction}" for i, direction in self.order)]
        if limited and self.limit is not None:
            words += ["LIMIT", str(self.limit)]
        if limited and self.offset:
            words += ["OFFSET", str(self.offset)]
        return " ".join(words)

    @property
    def total_order(self):
        return len({i for i, _ in self.order}) == len(self.items)


def shown(item, dialect):
    text = getattr(item, dialect)
    # DuckDB's client needs another package for zoned values; their instant is what is compared.
    zoned = item.kind == "timestamptz" and dialect == "duck"
    return f"({text}) AT TIME ZONE 'UTC'" if zoned else text


def statement(rng, table):
    where = predicate(rng, table) if rng.random() < 0.92 else None
    choices = [top, top, part_top, aggregate, aggregate, grouped, grouped]
    if table.rows <= ROWS_MAX:
        choices += [rows, rows, rows, distinct]
    made = rng.choice(choices)(rng, table, where)
    return dataclasses.replace(made, joined=join(rng, table)) if rng.random() < 0.15 else made


def join(rng, table):
    """Rows whose key is among some: each row once, by a filter that is known only while the query runs."""
    columns = [column for column in table.columns if column.kind not in ("nested", "time", "bytes")]
    if not columns:
        return None
    column = rng.choice(columns)
    kind = rng.choice(["JOIN", "JOIN", "LEFT JOIN"])
    keys = f"(SELECT DISTINCT {{0}} AS some_key FROM {table.name} WHERE {{1}}) AS keys"
    return sql("bool", f"{kind} {keys} ON {table.name}.{{0}} = keys.some_key", column.sql, leaf(rng, table).text)


def some_items(rng, table, most=4):
    return tuple(expression(rng, table) for _ in range(rng.randint(1, most)))


def rows(rng, table, where):
    return Statement(table.name, some_items(rng, table), where)


def distinct(rng, table, where):
    return Statement(table.name, some_items(rng, table, 2), where, distinct=True)


def directions(rng, positions):
    words = [f"{way} NULLS {end}" for way in ("ASC", "DESC") for end in ("FIRST", "LAST")]
    return tuple((position, rng.choice(words)) for position in positions)


def top(rng, table, where):
    """The first rows by all columns: one answer only."""
    items = some_items(rng, table)
    positions = rng.sample(range(len(items)), len(items))
    return Statement(
        table.name, items, where, order=directions(rng, positions),
        limit=rng.choice([0, 1, 2, 10, 100]), offset=rng.choice([0, 0, 0, 1, 5]),
    )


def part_top(rng, table, where):
    """The first rows by some columns, or by none: ties may come out either way."""
    items = some_items(rng, table)
    positions = rng.sample(range(len(items)), rng.randint(0, len(items) - 1))
    return Statement(
        table.name, items, where, order=directions(rng, positions), limit=rng.choice([1, 3, 10, 50]),
    )


def measure(rng, table):
    column = rng.choice(table.columns)
    choices = [("int", "count({0})")]
    if column.kind != "nested":
        choices += [("int", "count(DISTINCT {0})")]
    if column.kind not in ("nested", "bytes", "bool", "time"):
        choices += [(column.kind, "min({0})"), (column.kind, "max({0})")] * 2
    if column.kind == "int" and small(column):
        choices += [("decimal", "sum({0})"), ("sum", "avg({0})")]
    if column.kind == "decimal" and int(re.findall(r"\d+", column.type)[0]) < 25:
        choices += [("decimal", "sum({0})")]
    if column.kind in ("double", "real"):
        choices += [("sum", "sum(CAST({0} AS DOUBLE PRECISION))")]
    kind, template = rng.choice(choices)
    made = sql(kind, template, column.sql)
    if comparable(table) and rng.random() < 0.15 and "DISTINCT" not in template:
        return sql(kind, "{0} FILTER (WHERE {1})", made, compare(rng, table, rng.choice(comparable(table))))
    return made


def comparable(table):
    return [column for column in table.columns if column.kind not in ("nested", "time")]


def measures(rng, table):
    count = Sql("int", "count(*)", "count(*)")
    made = [*([count] if rng.random() < 0.6 else []), *(measure(rng, table) for _ in range(rng.randint(1, 3)))]
    if any("DISTINCT" in one.pg for one in made):
        made = [one for one in made if not one.pg.startswith("sum(")]
    return tuple(made)


def aggregate(rng, table, where):
    if rng.random() < 0.3:
        return Statement(table.name, (Sql("int", "count(*)", "count(*)"),), where, groups=0)
    return Statement(table.name, measures(rng, table), where, groups=0)


def grouped(rng, table, where):
    columns = rng.sample(table.columns, min(len(table.columns), rng.randint(1, 2)))
    keys = tuple(expression(rng, table, column) for column in columns)
    having = None
    if rng.random() < 0.2:
        having = Sql("bool", "count(*) > 1", "count(*) > 1")
    return Statement(table.name, (*keys, *measures(rng, table)), where, groups=len(keys), having=having)


# Smaller statements


def smaller(stated):
    """Statements with one thing less, the largest steps first."""
    change = dataclasses.replace
    if stated.where is not None:
        yield change(stated, where=None)
        yield from (change(stated, where=less) for less in less_of(stated.where))
    if stated.joined is not None:
        yield change(stated, joined=None)
    if stated.having is not None:
        yield change(stated, having=None)
    if stated.offset:
        yield change(stated, offset=0)
    if stated.limit is not None:
        yield change(stated, limit=None, offset=0, order=())
    yield from without_items(stated)


def less_of(tree):
    yield from tree.parts
    for i, part in enumerate(tree.parts):
        if len(tree.parts) > 2:
            yield Tree(tree.word, tree.parts[:i] + tree.parts[i + 1:])
        for less in less_of(part):
            yield Tree(tree.word, tree.parts[:i] + (less,) + tree.parts[i + 1:])


def without_items(stated):
    if len(stated.items) == 1:
        return
    for gone in range(len(stated.items)):
        items = stated.items[:gone] + stated.items[gone + 1:]
        order = tuple((i - (i > gone), way) for i, way in stated.order if i != gone)
        groups = stated.groups
        if groups and gone < groups:
            groups -= 1
            if groups == 0:
                continue
        yield dataclasses.replace(stated, items=items, order=order, groups=groups)
