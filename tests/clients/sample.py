"""Sample data: a table with a column of every scalar type (ordinary values, extremes, NULLs)."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq

STREAM_ROWS = 5_000_000
UTC = dt.timezone.utc
NAN, INFINITY = float("nan"), float("inf")

# name: (Arrow type, values). A row of NULLs follows for all but `id`.
COLUMNS = {
    "id": (pa.int32(), [1, 2, 3]),
    "truth": (pa.bool_(), [True, False, True]),
    "tiny": (pa.int8(), [-128, 0, 127]),
    "small": (pa.int16(), [-32768, 0, 32767]),
    "whole": (pa.int32(), [-2147483648, 0, 2147483647]),
    "big": (pa.int64(), [-9223372036854775808, 0, 9223372036854775807]),
    "byte": (pa.uint8(), [0, 1, 255]),
    "word": (pa.uint16(), [0, 1, 65535]),
    "double_word": (pa.uint32(), [0, 1, 4294967295]),
    "quad_word": (pa.uint64(), [0, 1, 18446744073709551615]),
    "single": (pa.float32(), [NAN, -INFINITY, 1.5]),
    "floating": (pa.float64(), [NAN, INFINITY, 0.1]),
    "money": (pa.decimal128(9, 2), [Decimal("-1234567.89"), Decimal("0.00"), Decimal("0.01")]),
    "exact": (
        pa.decimal128(38, 10),
        [
            Decimal("9999999999999999999999999999.9999999999"),
            Decimal("-9999999999999999999999999999.9999999999"),
            Decimal("0.0000000001"),
        ],
    ),
    "text": (pa.string(), ["", "çé漢字🙂", "a\tb\nc\\d'e\"f"]),
    "large_text": (pa.large_string(), ["x" * 100_000, "", "y"]),
    "word_of_few": (pa.dictionary(pa.int32(), pa.string()), ["ana", "rui", "ana"]),
    "bytes": (pa.binary(), [b"", b"\x00\xff\x7f", b"\\x41"]),
    "four_bytes": (pa.binary(4), [b"\x00\x01\x02\x03", b"abcd", b"\xff\xff\xff\xff"]),
    "day": (pa.date32(), [dt.date(1, 1, 1), dt.date(1970, 1, 1), dt.date(9999, 12, 31)]),
    "at": (
        pa.timestamp("us"),
        [
            dt.datetime(1, 1, 1, 0, 0),
            dt.datetime(1969, 12, 31, 23, 59, 59, 999999),
            dt.datetime(2026, 2, 28, 12, 34, 56, 789012),
        ],
    ),
    "at_ms": (
        pa.timestamp("ms"),
        [
            dt.datetime(1900, 1, 1),
            dt.datetime(1969, 12, 31, 23, 59, 59, 999000),
            dt.datetime(2026, 2, 28, 12, 34, 56, 789000),
        ],
    ),
    "instant": (
        pa.timestamp("us", tz="UTC"),
        [
            dt.datetime(1900, 1, 1, tzinfo=UTC),
            dt.datetime(2026, 7, 1, 2, 30, 0, 5, tzinfo=UTC),
            dt.datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        ],
    ),
    "clock": (
        pa.time64("us"),
        [dt.time(0, 0), dt.time(12, 34, 56, 789012), dt.time(23, 59, 59, 999999)],
    ),
    "numbers": (pa.list_(pa.int32()), [[], [1, None, 3], [-2147483648]]),
    "words": (pa.list_(pa.string()), [["a", None, "NULL"], [], ['q"{}\\,']]),
}


def table():
    columns = [
        pa.array(values + ([4] if name == "id" else [None]), type=data_type)
        for name, (data_type, values) in COLUMNS.items()
    ]
    return pa.table(columns, names=list(COLUMNS))


def write(path):
    pq.write_table(table(), path)
