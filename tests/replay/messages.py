"""The frontend's messages: bytes ↔ what a corpus line says of them.

A corpus line is a JSON object. Which message it is stands in one key: `query`, `parse`, `bind`,
`describe`, `execute`, `close`, `flush`, `sync`, `copy_data`, `copy_done`, `copy_fail`, `cancel`.
Values of parameters are text, `null`, or `{"hex": "…"}` for binary ones.
"""

import struct

# Messages after which a client waits for an answer.
ENDS = ("query", "flush", "sync", "copy_done", "copy_fail")
# Messages that belong to a login, or end a session.
UNRECORDED = (b"p", b"X")


class Reader:
    def __init__(self, body):
        self.body, self.at = body, 0

    def take(self, count):
        self.at += count
        return self.body[self.at - count:self.at]

    def int16(self):
        return struct.unpack("!h", self.take(2))[0]

    def int32(self):
        return struct.unpack("!i", self.take(4))[0]

    def oid(self):
        return struct.unpack("!I", self.take(4))[0]

    def string(self):
        end = self.body.index(b"\0", self.at)
        text = self.body[self.at:end].decode()
        self.at = end + 1
        return text

    def sized(self):
        """Bytes with their length before them; None for NULL."""
        length = self.int32()
        return None if length < 0 else self.take(length)


def decode(kind, body):
    """What a frontend message says, or None when it is not recorded."""
    reader = Reader(body)
    if kind == b"Q":
        return {"query": reader.string()}
    if kind == b"P":
        name, sql = reader.string(), reader.string()
        types = [reader.oid() for _ in range(reader.int16())]
        return {"parse": sql, "name": name} | ({"types": types} if types else {})
    if kind == b"B":
        return _decode_bind(reader)
    if kind in b"DC":
        word = "describe" if kind == b"D" else "close"
        return {word: reader.take(1).decode(), "name": reader.string()}
    if kind == b"E":
        portal, rows = reader.string(), reader.int32()
        return {"execute": portal} | ({"rows": rows} if rows else {})
    if kind in b"HSc":
        return {{b"H": "flush", b"S": "sync", b"c": "copy_done"}[kind]: True}
    if kind == b"d":
        return {"copy_data": body.hex()}
    if kind == b"f":
        return {"copy_fail": reader.string()}
    if kind in UNRECORDED:
        return None
    raise ValueError(f"a frontend message of type {kind!r}")


def _decode_bind(reader):
    portal, statement = reader.string(), reader.string()
    formats = [reader.int16() for _ in range(reader.int16())]
    raw = [reader.sized() for _ in range(reader.int16())]
    results = [reader.int16() for _ in range(reader.int16())]
    message = {"bind": statement, "portal": portal}
    if raw:
        message["values"] = [
            _value(value, format_of(formats, i)) for i, value in enumerate(raw)
        ]
    return message | ({"results": results} if results else {})


def _value(raw, code):
    if raw is None:
        return None
    return raw.decode() if code == 0 else {"hex": raw.hex()}


def format_of(codes, index):
    """Of a list of format codes: none means text, one means all."""
    if not codes:
        return 0
    return codes[0] if len(codes) == 1 else codes[index]


def encode(message):
    """(type, body) of a line of the corpus whose tokens are resolved."""
    if "query" in message:
        return b"Q", _string(message["query"])
    if "parse" in message:
        types = message.get("types", [])
        body = _string(message["name"]) + _string(message["parse"])
        return b"P", body + struct.pack(f"!h{len(types)}I", len(types), *types)
    if "bind" in message:
        return b"B", _encode_bind(message)
    for word, kind in (("describe", b"D"), ("close", b"C")):
        if word in message:
            return kind, message[word].encode() + _string(message["name"])
    if "execute" in message:
        return b"E", _string(message["execute"]) + struct.pack("!i", message.get("rows", 0))
    if "copy_data" in message:
        return b"d", bytes.fromhex(message["copy_data"])
    if "copy_fail" in message:
        return b"f", _string(message["copy_fail"])
    for word, kind in (("flush", b"H"), ("sync", b"S"), ("copy_done", b"c")):
        if word in message:
            return kind, b""
    raise ValueError(f"no such message: {message}")


def _encode_bind(message):
    values = message.get("values", [])
    results = message.get("results", [])
    formats = [int(isinstance(value, dict)) for value in values]
    body = _string(message["portal"]) + _string(message["bind"])
    body += struct.pack(f"!h{len(formats)}h", len(formats), *formats)
    body += struct.pack("!h", len(values))
    for value in values:
        if value is None:
            body += struct.pack("!i", -1)
            continue
        raw = bytes.fromhex(value["hex"]) if isinstance(value, dict) else value.encode()
        body += struct.pack("!i", len(raw)) + raw
    return body + struct.pack(f"!h{len(results)}h", len(results), *results)


def _string(text):
    return text.encode() + b"\0"


def row_description(body):
    """[(name, type OID, modifier)]."""
    reader = Reader(body)
    columns = []
    for _ in range(reader.int16()):
        name = reader.string()
        reader.take(6)
        oid = reader.oid()
        reader.take(2)
        modifier = reader.int32()
        reader.take(2)
        columns.append((name, oid, modifier))
    return columns


def data_row(body):
    reader = Reader(body)
    return [reader.sized() for _ in range(reader.int16())]


def parameter_types(body):
    reader = Reader(body)
    return [reader.oid() for _ in range(reader.int16())]


def error_fields(body):
    """The fields of an ErrorResponse or NoticeResponse by their letter."""
    parts = [part.decode(errors="replace") for part in body.split(b"\0") if part]
    return {part[0]: part[1:] for part in parts}
