"""Ways to damage a table's files, and an independent judge of what a damaged file still says.

A damage takes a file's bytes and a `random.Random`, and gives other bytes, or None for "the file is gone".
What it may do to a table's rows follows from `meaning`: a file that another reader still reads, with
other contents than before, is another valid file, and no reader can know better.
"""

import gzip
import io
import json
import re
import struct
import zlib

HUGE = (1 << 31) - 1
# A row of zeros that unpacks to a gigabyte.
BOMB_BYTES = 1 << 30


def kind_of(path):
    """What a file of a table is, by its path inside the table; None for what no reader needs."""
    name = path.name
    if name.endswith(".crc"):
        return None
    if "_sidecars" in path.parts:
        return "sidecar"
    if name == "_last_checkpoint":
        return "last checkpoint"
    if ".checkpoint." in name:
        return "checkpoint" if name.endswith(".parquet") else "json checkpoint"
    if "_delta_log" in path.parts:
        return "log" if re.fullmatch(r"\d{20}\.json", name) else None
    if name.endswith(".gz.metadata.json"):
        return "packed metadata"
    if name.endswith(".metadata.json"):
        return "metadata"
    if name.endswith(".avro"):
        return "manifest list" if name.startswith("snap-") else "manifest"
    if name.endswith((".bin", ".puffin")):
        return "vector"
    if name.endswith(".parquet") and not name.startswith("."):
        return "delete file" if "delete" in name else "data"
    return None


# Any file


def empty(data, rng):
    return b""


def gone(data, rng):
    return None


def cut(data, rng):
    """Anywhere, but never where a line ends: a log of fewer whole lines is a valid log."""
    at = rng.randrange(1, max(2, len(data)))
    while at < len(data) - 1 and data[at - 1: at + 1].strip() != data[at - 1: at + 1]:
        at += 1
    return data[:at]


def cut_end(data, rng):
    return data[: -rng.randint(2, 8)]


def zeros(data, rng):
    return bytes(len(data))


def some_zeros(data, rng):
    length = min(len(data), rng.choice([4, 16, 64, 512]))
    at = rng.randrange(len(data) - length + 1)
    return data[:at] + bytes(length) + data[at + length:]


def flipped(data, rng):
    at, bit = rng.randrange(len(data)), rng.randrange(8)
    return data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1:]


def flipped_often(data, rng):
    for _ in range(12):
        data = flipped(data, rng)
    return data


def noise(data, rng):
    return rng.randbytes(len(data))


def shifted(data, rng):
    return rng.randbytes(rng.randint(1, 9)) + data


def longer(data, rng):
    return data + rng.randbytes(rng.choice([1, 7, 4096]))


ANY = [empty, cut, cut, cut_end, zeros, some_zeros, some_zeros, flipped, flipped, flipped, flipped_often, noise, shifted]


# Parquet


def footer_length(data, rng):
    """The last eight bytes: the length of the footer, and the magic word."""
    length = struct.unpack("<I", data[-8:-4])[0]
    lies = [0, 1, HUGE, (1 << 32) - 1, len(data), length + 1, length - 1]
    return data[:-8] + struct.pack("<I", rng.choice(lies)) + data[-4:]


def footer_noise(data, rng):
    length = min(struct.unpack("<I", data[-8:-4])[0], len(data) - 12)
    return data[: -8 - length] + rng.randbytes(length) + data[-8:]


def footer_flipped(data, rng):
    length = min(struct.unpack("<I", data[-8:-4])[0], len(data) - 12)
    at = len(data) - 8 - length
    return data[:at] + flipped(data[at:-8], rng) + data[-8:]


def footer_counts(data, rng):
    """Thrift lists and texts of two thousand million entries."""
    length = min(struct.unpack("<I", data[-8:-4])[0], len(data) - 12)
    at = len(data) - 8 - length + rng.randrange(max(1, length - 6))
    return data[:at] + rng.choice([b"\xfc", b"\x18", b""]) + b"\xff\xff\xff\xff\x07" + data[at + 6:]


def page_flipped(data, rng):
    length = min(struct.unpack("<I", data[-8:-4])[0], len(data) - 12)
    return flipped(data[: -8 - length], rng) + data[-8 - length:]


PARQUET = [footer_length, footer_length, footer_noise, footer_flipped, footer_flipped, footer_flipped, footer_counts,
           footer_counts, page_flipped, page_flipped]


# Avro


def zigzag(number):
    value = (number << 1) ^ (number >> 63)
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def block_lies(data, rng):
    """The first block's count of rows and of bytes, after the header's sync marker."""
    at = data.find(data[-16:]) + 16
    lies = [zigzag(HUGE), zigzag((1 << 62)), zigzag(-1), zigzag(-(1 << 62)), b"\xff" * 11, zigzag(0)]
    return data[:at] + rng.choice([b"", zigzag(1)]) + rng.choice(lies) + rng.choice(lies) + data[at:]


def header_lies(data, rng):
    """The header's map: how many entries, and how long its first key."""
    return data[:4] + rng.choice([zigzag(HUGE), zigzag(-HUGE) + zigzag(HUGE), zigzag(1) + zigzag(1 << 60)]) + data[5:]


def block_flipped(data, rng):
    at = data.find(data[-16:]) + 16
    return data[:at] + flipped(data[at:], rng)


AVRO = [block_lies, block_lies, block_lies, header_lies, header_lies, block_flipped, block_flipped, block_flipped]


# JSON


def number_lies(data, rng):
    found = list(re.finditer(rb'":\s*(-?\d+)\b', data))
    if not found:
        return cut(data, rng)
    span = rng.choice(found).span(1)
    lie = rng.choice([b"-1", b"9223372036854775807", b"99999999999999999999999", b"1e400", b"null", b'"x"', b"[]"])
    return data[: span[0]] + lie + data[span[1]:]


def deep(data, rng):
    return data.rstrip()[:-1] + b',"x":' + b"[" * 200_000 + b"]" * 200_000 + b"}"


def open_ended(data, rng):
    """One line of 32 MiB that never ends its text."""
    return data.rstrip()[:-1] + b',"x":"' + b"y" * (32 << 20)


def other_path(data, rng):
    target = rng.choice([b"../../../../../../etc/passwd", b"file:///etc/passwd", b"/etc/passwd", b"s3://other/x", b"%00", b""])
    key = rng.choice([rb'"path":"([^"]*)"', rb'"manifest-list"\s*:\s*"([^"]*)"', rb'"location"\s*:\s*"([^"]*)"'])
    found = re.search(key, data)
    return data[: found.start(1)] + target + data[found.end(1):] if found else number_lies(data, rng)


def not_text(data, rng):
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] | 0x80]) + data[at + 1:]


JSON = [number_lies, number_lies, number_lies, number_lies, deep, open_ended, other_path, other_path, not_text, not_text]


# Deletion vectors


def vector_lies(data, rng):
    """Lengths and counts, wherever they stand: four bytes become very many."""
    at = rng.randrange(max(1, len(data) - 4))
    return data[:at] + rng.choice([b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f"]) + data[at + 4:]


def vector_summed(data, rng):
    """A damage inside the bitmap under a checksum that is right, as Delta frames it."""
    if len(data) < 20 or data[0] != 1:
        return vector_lies(data, rng)
    size = struct.unpack(">I", data[1:5])[0]
    body = data[5: 5 + size]
    at = 4 + rng.randrange(max(1, len(body) - 8))
    body = body[:at] + rng.choice([b"\xff\xff\xff\xff", b"\x00\x00\x00\x00"]) + body[at + 4:]
    return data[:5] + body[:size] + struct.pack(">I", zlib.crc32(body[:size])) + data[9 + size:]


VECTOR = [vector_lies, vector_lies, vector_lies, vector_summed, vector_summed, vector_summed]


def bomb(data, rng):
    packed = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = b" " * (1 << 20)
    parts = [packed.compress(piece) for _ in range(BOMB_BYTES // len(piece))]
    return b"".join(parts) + packed.flush()


DAMAGES = {
    "log": ANY + JSON,
    "json checkpoint": [gone] + ANY + JSON,
    "last checkpoint": [gone] + ANY + JSON,
    "metadata": ANY + JSON,
    "packed metadata": ANY + [bomb],
    "checkpoint": [gone] + ANY + PARQUET,
    "sidecar": [gone] + ANY + PARQUET,
    "data": [gone] + ANY + PARQUET,
    "delete file": [gone] + ANY + PARQUET,
    "manifest": [gone] + ANY + AVRO,
    "manifest list": [gone] + ANY + AVRO,
    "vector": [gone] + ANY + [longer] + VECTOR,
}


def is_another(kind, whole, damaged):
    """Whether the damaged file says something else than before, and says it as well as the whole one did.

    Run it in a process of its own: readers in C may crash on such files.
    """
    before, after = meaning(kind, whole), meaning(kind, damaged)
    return any(part in before and before[part] != said for part, said in after.items())


def meaning(kind, data):
    """What an independent reader finds in a file, by its parts; without those it cannot read."""
    try:
        if data is None or kind == "last checkpoint":
            # A hint must not change any row, whatever it says.
            return {}
        if kind in ("log", "json checkpoint"):
            return {"": [json.loads(line) for line in data.decode().split("\n") if line.strip()]}
        if kind == "metadata":
            return {"": json.loads(data)}
        if kind == "packed metadata":
            return {"": json.loads(gzip.decompress(data))}
        if kind in ("manifest", "manifest list"):
            return avro_meaning(data)
        if kind in ("checkpoint", "sidecar", "data", "delete file"):
            return parquet_meaning(data)
        # A vector carries its checksum, unless somebody made that right as well.
        return vector_meaning(data)
    except Exception:  # noqa: BLE001 - whatever a reader raises, it could not read
        return {}


def avro_meaning(data):
    import fastavro

    reader = fastavro.reader(io.BytesIO(data))
    return {"": repr((reader.writer_schema, list(reader)))}


def parquet_meaning(data):
    """Column by column, as each is compressed and read alone; without the checksums of pages, which few
    writers write and readers leave out unless told.
    """
    import pyarrow.parquet as pq

    file = pq.ParquetFile(io.BytesIO(data))
    found = {}
    for index in range(file.metadata.num_columns):
        name = file.schema.column(index).path
        try:
            found[name] = repr(file.read(columns=[name]).to_pylist())
        except Exception:  # noqa: BLE001 - see `meaning`
            continue
    return {"": file.metadata.num_rows, **found}


def vector_meaning(data):
    """Of a Delta file with one vector whose checksum is right: its bytes."""
    size = struct.unpack(">I", data[1:5])[0]
    body, checksum = data[5: 5 + size], struct.unpack(">I", data[5 + size: 9 + size])[0]
    return {"": body} if data[0] == 1 and zlib.crc32(body) == checksum else {}
