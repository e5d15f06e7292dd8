"""What differs between two servers' answers to one statement.

A difference has a kind: `error` (one of them fails, or with another SQLSTATE), `columns`, `typmod`
(the softer part of columns), `parameters`, `rows`, `order`, `tag`, `copy`. And a cause: a short
text that is the same wherever the same thing is wrong, for counting.
"""

import re
from collections import Counter
from dataclasses import dataclass, field

from messages import format_of

HIDDEN = "•"
# Types whose binary form is one OID, and those whose values may be an OID's number all the same.
OID_TYPES = {24, 26, 2202, 2203, 2204, 2205, 2206, 3734, 3769, 4089, 4096, 4191}
INTEGER_TYPES = {20, 21, 23}
TEXT_TYPES = {18, 19, 25, 114, 1042, 1043, 705}
OID_ARRAYS = {1028, 2210, 2211, 30}
PAIRED_ROWS_MAX = 300
KEY_COLUMNS_MAX = 6
SHOWN = 3


@dataclass
class Difference:
    kind: str
    cause: str
    detail: str


@dataclass
class Verdict:
    """Of one statement, over all times it was said."""

    sql: str
    values: list
    differences: list = field(default_factory=list)
    # The reason in differences.toml, when it accounts for all of them.
    named: str = None
    # What Lakegate answered before it decided this, e.g. a failed Parse.
    times: int = 1

    @property
    def status(self):
        if not self.differences:
            return "equal"
        if self.named:
            return "named"
        kinds = {difference.kind for difference in self.differences}
        if kinds == {"typmod"}:
            return "typmod"
        return "error" if kinds & {"error"} else "differs"


class Comparison:
    """Two servers' names for their objects, and the columns whose values are not compared."""

    def __init__(self, postgres_oids, lakegate_oids, type_names, masks):
        self.oids = (postgres_oids, lakegate_oids)
        self.type_names = type_names
        self.masks = masks

    def differences(self, expected, found):
        """Of two turns, PostgreSQL's and Lakegate's."""
        error = self._error(expected, found)
        if error or expected.error:
            return error
        differences = self._parameters(expected, found)
        ours, theirs = _told(found), _told(expected)
        if len(ours) != len(theirs):
            text = f"{len(theirs)} results ≠ {len(ours)}"
            return differences + [Difference("rows", "number of results", text)]
        for one, other in zip(theirs, ours):
            differences += self._result(one, other, expected)
        return differences

    def _error(self, expected, found):
        code, other = ((turn.error or {}).get("C") for turn in (expected, found))
        if code == other:
            return []
        if other is None:
            text = f"PostgreSQL fails: {code} {expected.error.get('M', '')}"
            return [Difference("error", f"no error {code}", text)]
        message = found.error.get("M", "")
        cause = f"{other} {generic(message)}"
        instead = f" (PostgreSQL: {code} {expected.error.get('M', '')})" if code else ""
        text = f"{other} {message}{instead}"
        return [Difference("error", cause if not code else f"{cause}, not {code}", text)]

    def _parameters(self, expected, found):
        names = [
            turn.parameter_types and [self._type(side, oid) for oid in turn.parameter_types]
            for side, turn in enumerate((expected, found))
        ]
        if names[0] == names[1]:
            return []
        text = f"{names[0]} ≠ {names[1]}"
        return [Difference("parameters", f"parameters {text}", text)]

    def _type(self, side, oid):
        named = self.oids[side].name(oid)
        return self.type_names.get(oid, str(named)) if named == oid else named

    def _result(self, one, other, turn):
        differences = self._columns(one, other)
        if len(one.columns or []) != len(other.columns or []):
            return differences
        differences += self._rows(one, other, turn)
        if copied(one) != copied(other):
            text = first_difference(copied(one), copied(other))
            differences.append(Difference("copy", "copied rows", text))
        if one.tag != other.tag:
            text = f"{one.tag} ≠ {other.tag}"
            cause = f"tag {generic(text)}"
            # A number of rows that differs is told by the rows.
            if not (differences and re.sub(r"\d+", "", text).count("SELECT ") == 2):
                differences.append(Difference("tag", cause, text))
        return differences

    def _columns(self, one, other):
        if one.columns is None and other.columns is None:
            return []
        if one.columns is None or other.columns is None:
            text = f"{_names(one)} ≠ {_names(other)}"
            return [Difference("columns", "rows where there are none, or none", text)]
        if len(one.columns) != len(other.columns):
            text = f"{_names(one)} ≠ {_names(other)}"
            return [Difference("columns", "number of columns", text)]
        differences = []
        for (name, oid, modifier), (name2, oid2, modifier2) in zip(one.columns, other.columns):
            types = self._type(0, oid), self._type(1, oid2)
            if name != name2:
                text = f"column {name} ≠ {name2}"
                differences.append(Difference("columns", text, text))
            elif types[0] != types[1]:
                cause = f"type {types[0]} ≠ {types[1]}"
                differences.append(Difference("columns", cause, f"{name}: {cause}"))
            elif modifier != modifier2:
                text = f"{name}: modifier {modifier} ≠ {modifier2}"
                differences.append(Difference("typmod", f"modifier of {types[0]}", text))
        return differences

    def _rows(self, one, other, turn):
        names = [name for name, _, _ in one.types or one.columns or []]
        rows = [self._canonical(0, one, turn), self._canonical(1, other, turn)]
        if rows[0] == rows[1]:
            return []
        ordering = order_of(turn.sql)
        if Counter(rows[0]) == Counter(rows[1]):
            if ordering is None or keeps_order(ordering, names, rows):
                return []
            text = first_difference(*rows)
            return [Difference("order", "order of rows", text)]
        return row_differences(names, *rows, main_relation(turn.sql))

    def _canonical(self, side, result, turn):
        types = result.types or result.columns or []
        hidden = [self._is_hidden(name, turn.sql) for name, _, _ in types]
        return [
            tuple(
                HIDDEN if hidden[i] and value is not None
                else self._value(side, value, types[i][1], format_of(turn.formats, i))
                for i, value in enumerate(row)
            )
            for row in result.rows
        ]

    def _is_hidden(self, name, sql):
        return any(mask.column.fullmatch(name) and mask.sql.search(sql) for mask in self.masks)

    def _value(self, side, raw, oid, code):
        if raw is None:
            return None
        oids = self.oids[side]
        if code == 1:
            return self._binary(oids, raw, oid)
        text = raw.decode(errors="replace")
        if oid in OID_ARRAYS:
            return oids.name_in(text)
        if oid in OID_TYPES | INTEGER_TYPES | TEXT_TYPES and text.isdecimal():
            number = int(text)
            named = oids.name(number)
            return text if named == number else named
        return text

    def _binary(self, oids, raw, oid):
        if oid in OID_TYPES | INTEGER_TYPES:
            number = int.from_bytes(raw, "big", signed=oid in INTEGER_TYPES)
            return str(oids.name(number))
        if oid in OID_ARRAYS:
            return oids.name_in_hex(raw.hex())
        if oid in TEXT_TYPES:
            return raw.decode(errors="replace")
        return "\\x" + raw.hex()


def _told(turn):
    """Results that say something: the last one is empty after its tag."""
    return [r for r in turn.results if r.columns is not None or r.rows or r.tag is not None]


def _names(result):
    return [name for name, _, _ in result.columns or []]


def copied(result):
    """Rows of COPY, however they were cut: lines of text, or the whole of a binary copy."""
    data = b"".join(result.copied)
    if data.startswith(b"PGCOPY\n"):
        return [data]
    return sorted(data.splitlines())


def generic(text):
    """An error's text without the names in it."""
    text = re.sub(r'"[^"]*"', '"…"', text)
    return re.sub(r"\d+", "N", text)[:160]


def first_difference(rows, others):
    for i in range(max(len(rows), len(others))):
        one = rows[i] if i < len(rows) else "(nothing)"
        other = others[i] if i < len(others) else "(nothing)"
        if one != other:
            return f"row {i + 1}: {shown(one)} ≠ {shown(other)}"
    return ""


def shown(row):
    text = str(row) if isinstance(row, (str, bytes)) else ", ".join(map(str, row))
    return text if len(text) < 600 else text[:600] + "…"


def main_relation(sql):
    """What a statement reads first: the relation that lacks rows, as likely as not."""
    found = re.search(r"\bfrom\s+([\w.\"$]+)", without_literals(sql), re.IGNORECASE)
    return found.group(1).rpartition(".")[2].lower() if found else "a statement"


def row_differences(names, rows, others, relation):
    """Rows of one side only; those that resemble a row of the other side tell the column."""
    missing = list((Counter(rows) - Counter(others)).elements())
    extra = list((Counter(others) - Counter(rows)).elements())
    columns, examples = Counter(), {}
    for row, other in pair(missing, extra):
        for i, (value, found) in enumerate(zip(row, other)):
            if value != found:
                columns[i] += 1
                examples.setdefault(i, f"{value!r} ≠ {found!r} in {shown(row)}")
    differences = [
        Difference("rows", f"value of {names[i]}", f"{names[i]} ({count}×): {examples[i]}")
        for i, count in columns.most_common()
    ]
    for word, found in (("missing", missing), ("too many", extra)):
        if found:
            text = f"{len(found)} rows {word} ({len(rows)} ≠ {len(others)})"
            text += "".join(f"\n      {shown(row)}" for row in found[:SHOWN])
            differences.append(Difference("rows", f"rows {word} in {relation}", text))
    return differences


def pair(missing, extra):
    """Takes pairs of rows out that are alike in half of their columns: those that start with the
    same values first, and others when they are few.
    """
    pairs = []
    width = len(missing[0]) if missing and extra else 0
    for length in range(min(KEY_COLUMNS_MAX, width - 1), 0, -1):
        known = {}
        for row in extra:
            known.setdefault(row[:length], []).append(row)
        for row in list(missing):
            if len(known.get(row[:length], [])) == 1 and alike(row, known[row[:length]][0]):
                (other,) = known.pop(row[:length])
                pairs.append((row, other))
                missing.remove(row)
                extra.remove(other)
    if len(missing) > PAIRED_ROWS_MAX or len(extra) > PAIRED_ROWS_MAX:
        return pairs
    for row in list(missing):
        other = max(extra, key=lambda other: same_columns(row, other), default=None)
        if other and alike(row, other):
            pairs.append((row, other))
            missing.remove(row)
            extra.remove(other)
    if len(missing) == len(extra) == 1:
        pairs.append((missing.pop(), extra.pop()))
    return pairs


def same_columns(row, other):
    return sum(a == b for a, b in zip(row, other))


def alike(row, other):
    return same_columns(row, other) * 2 >= max(len(row), 1)


# ---- The order of rows -------------------------------------------------------------------------


def order_of(sql):
    """The text after a top-level ORDER BY, or None."""
    flat, depth, kept = without_literals(sql), 0, []
    for character in flat:
        depth -= character == ")"
        kept.append(character if depth == 0 else "_")
        depth += character == "("
    found = re.split(r"\border\s+by\b", "".join(kept), flags=re.IGNORECASE)
    if len(found) == 1:
        return None
    return re.split(r"\b(?:limit|offset|fetch|for)\b|;", found[-1], flags=re.IGNORECASE)[0]


def without_literals(sql):
    """Comments gone; strings and quoted names without what could be taken for syntax."""
    sql = re.sub(r"/\*.*?\*/|--[^\n]*", " ", sql, flags=re.DOTALL)
    sql = re.sub(r"'(?:[^']|'')*'", "''", sql)
    return re.sub(r'"([^"]*)"', lambda m: re.sub(r"\W", "_", m.group(1)), sql)


def keeps_order(ordering, names, rows):
    """Whether both have the same sequence of keys: rows with equal keys may come in any order.

    Only keys that are columns of the result can be looked at, and OIDs order things in another
    way on each server.
    """
    keys = []
    for item in ordering.split(","):
        words = item.split()
        name = words[0].rpartition(".")[2] if words else ""
        if re.search(r"oid$|relid$|^objid$", name, re.IGNORECASE):
            break
        if name.isdecimal() and int(name) <= len(names):
            keys.append(int(name) - 1)
        elif names.count(name) == 1:
            keys.append(names.index(name))
        else:
            return False
    return all(
        [row[i] for row in rows[0]] == [row[i] for row in rows[1]] for i in keys
    )
