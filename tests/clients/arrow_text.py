"""Arrow's values as the texts Postgres' protocol has for them, so that both fronts' rows can be compared.

Numbers are compared as numbers: `1.50` and `1.5` are one `numeric`, and floats have many spellings. All else must be
the same text.
"""

import datetime as dt
import decimal
import json
import math
import re
import struct

import pyarrow as pa

SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
# OIDs of types whose values have more than one text.
FLOATS, NUMERIC, JSON, INSTANT = {700: "f", 701: "d"}, 1700, (114, 3802), 1184
EPOCH = dt.date(1970, 1, 1).toordinal()
# The calendar repeats itself after 400 years.
CYCLE_DAYS = 146_097
# What needs quotes in an array.
SPECIAL = set('{},"\\ \t\n\r\v\f')


def of_postgres(value, oid):
    """A value as it came, with what has many spellings made comparable; None stays."""
    if value is None:
        return None
    text = value.decode()
    if oid in FLOATS:
        return real(float(text), FLOATS[oid])
    if oid == NUMERIC:
        return number(text)
    if oid in JSON:
        return of_json(text)
    return in_utc(text) if oid == INSTANT else text


def in_utc(text):
    """Arrow's instants know nothing of the zone they are shown in."""
    found = re.fullmatch(r"(\d+)(-.*)([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?( BC)?", text)
    year, rest, sign, hours, minutes, seconds, era = found.groups()
    offset = dt.timedelta(hours=int(hours), minutes=int(minutes or 0), seconds=int(seconds or 0))
    # Python has no years before 1: some cycles of the calendar later, all days are the same.
    later = 5 if era else 0
    year = 1 - int(year) + 400 * later if era else int(year)
    if year > dt.MAXYEAR:
        return text
    local = dt.datetime.fromisoformat(f"{year:04d}{rest}") + (-offset if sign == "+" else offset)
    elapsed = local - dt.datetime(1970, 1, 1) - dt.timedelta(days=later * CYCLE_DAYS)
    return instant(elapsed // dt.timedelta(microseconds=1))


def instant(total_us):
    shown, space, era = moment(total_us).partition(" BC")
    return f"{shown}+00{space}{era}"


def of_json(text):
    return compact(json.loads(text, parse_float=whole))


def whole(number):
    """`1.0` and `1` are one number in JSON."""
    value = float(number)
    return int(value) if value.is_integer() else value


def compact(value):
    return json.dumps(value, separators=(",", ":"), default=str)


def real(value, kind):
    """A float by its bits, so that 0 and -0 differ, and each NaN is the same."""
    return "NaN" if math.isnan(value) else struct.pack(kind, value).hex()


def number(text):
    return text if text in ("NaN", "Infinity", "-Infinity") else decimal.Decimal(text).normalize()


def rows(table):
    columns = [
        column(part, (field.metadata or {}).get(b"ARROW:FLIGHT:SQL:TYPE_NAME"))
        for part, field in zip(table.columns, table.schema)
    ]
    return [tuple(values) for values in zip(*columns)] if columns else [()] * table.num_rows


def column(values, name=None):
    """The column's values; `name` is what the server calls a type that Arrow does not have."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        return column(values.cast(kind.value_type))
    if name in (b"json", b"jsonb"):
        return [None if value is None else of_json(value) for value in values.to_pylist()]
    if is_composed(kind):
        # Postgres has no such types: they travel as JSON.
        return [compact(as_json(value)) if value.is_valid else None for value in scalars(values)]
    if pa.types.is_float32(kind) or pa.types.is_float64(kind):
        form = "f" if pa.types.is_float32(kind) else "d"
        return [None if value is None else real(value, form) for value in values.to_pylist()]
    if pa.types.is_float16(kind):
        return column(values.cast(pa.float32()))
    if pa.types.is_decimal(kind):
        return [None if value is None else value.normalize() for value in values.to_pylist()]
    if pa.types.is_uint64(kind):
        return column(values.cast(pa.decimal128(20)))
    return [text(value) for value in scalars(values)]


def is_list(kind):
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)


def is_composed(kind):
    if is_list(kind):
        return is_list(kind.value_type) or is_composed(kind.value_type)
    return pa.types.is_struct(kind) or pa.types.is_map(kind)


def as_json(value):
    kind = value.type
    if not value.is_valid:
        return None
    if is_list(kind):
        return [as_json(item) for item in value.values]
    if pa.types.is_map(kind):
        pairs = [(as_json(pair["key"]), as_json(pair["value"])) for pair in value.values]
        return {k if isinstance(k, str) else json.dumps(k): v for k, v in pairs}
    if pa.types.is_struct(kind):
        return {field.name: as_json(value[at]) for at, field in enumerate(kind)}
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        return value.as_py()
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return whole(value.as_py())
    return text(value)


def scalars(values):
    return (value for chunk in values.chunks for value in chunk)


def text(value):
    """One value; None for NULL."""
    kind = value.type
    if not value.is_valid or pa.types.is_null(kind):
        return None
    types = pa.types
    if types.is_boolean(kind):
        return "t" if value.as_py() else "f"
    if types.is_floating(kind):
        return shortest(value.as_py(), kind)
    if types.is_decimal(kind):
        return f"{value.as_py():f}"
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        return "\\x" + value.as_py().hex()
    if types.is_date(kind):
        return day(value.value if types.is_date32(kind) else value.value * 1000 // DAY_US)
    if types.is_time(kind):
        return clock(microseconds(value, kind))
    if types.is_timestamp(kind):
        return (instant if kind.tz else moment)(microseconds(value, kind))
    if types.is_interval(kind):
        return interval(*value.as_py())
    if types.is_duration(kind):
        days, rest_us = split(microseconds(value, kind), DAY_US)
        return interval(0, days, rest_us * 1000)
    if is_list(kind):
        return "{" + ",".join(element(item) for item in value.values) + "}"
    return str(value.as_py())


def element(value):
    shown = text(value)
    if shown is None:
        return "NULL"
    if shown and not SPECIAL & set(shown) and shown.upper() != "NULL":
        return shown
    return '"' + shown.replace("\\", "\\\\").replace('"', '\\"') + '"'


def shortest(value, kind):
    if math.isnan(value) or math.isinf(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    digits = 9 if pa.types.is_float32(kind) else 17
    form = "f" if pa.types.is_float32(kind) else "d"
    for precision in range(1, digits + 1):
        shown = f"{value:.{precision}g}"
        if struct.pack(form, float(shown)) == struct.pack(form, value):
            break
    exponent = int(f"{value:e}".partition("e")[2])
    limit = 6 if form == "f" else 15
    if value and not -4 <= exponent < limit:
        mantissa, _, power = f"{decimal.Decimal(shown).normalize():e}".partition("e")
        return f"{mantissa}e{int(power):+03d}"
    return f"{decimal.Decimal(shown):f}"


def microseconds(value, kind):
    unit = {"s": SECOND_US, "ms": 1000, "us": 1, "ns": 0}[kind.unit]
    count = value.value
    return count * unit if unit else count // 1000


def day(days):
    """Years before 1 count from 1 BC, as the year 0 does not exist."""
    cycles, ordinal = divmod(days + EPOCH - 1, CYCLE_DAYS)
    found = dt.date.fromordinal(ordinal + 1)
    year = found.year + 400 * cycles
    shown = f"{year if year > 0 else 1 - year:04d}-{found.month:02d}-{found.day:02d}"
    return shown if year > 0 else f"{shown} BC"


def clock(total_us):
    seconds, fraction = divmod(total_us, SECOND_US)
    shown = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return shown + (f".{fraction:06d}".rstrip("0") if fraction else "")


def moment(total_us):
    days, rest = divmod(total_us, DAY_US)
    shown, era, _ = day(days).partition(" BC")
    return f"{shown} {clock(rest)}{era}"


def split(amount, unit):
    """Towards zero, with the sign in both parts."""
    count, rest = divmod(abs(amount), unit)
    return (count, rest) if amount >= 0 else (-count, -rest)


def interval(months, days, nanoseconds):
    """As `intervalstyle = postgres` has them."""
    years, months = split(months, 12)
    parts, before = [], False
    for count, name in ((years, "year"), (months, "mon"), (days, "day")):
        if count:
            sign = "+" if before and count > 0 else ""
            parts.append(f"{sign}{count} {name}{'' if count == 1 else 's'}")
            before = count < 0
    time_us = split(nanoseconds, 1000)[0]
    if time_us or not parts:
        sign = "-" if time_us < 0 else "+" if before else ""
        parts.append(sign + clock(abs(time_us)))
    return " ".join(parts)
