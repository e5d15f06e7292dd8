"""Flight SQL without a Flight SQL library: commands and actions encoded by hand, called by pyarrow's Flight.

For what drivers hide: tickets that are shown by others, bodies that make no sense, the messages of actions.
"""

import pyarrow.flight as flight

PREFIX = "type.googleapis.com/arrow.flight.protocol.sql."


def _varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out + bytes([number]))


def field(number, value):
    """A protobuf field: bytes, text, or a number."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    value = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def message(name, *fields):
    """A Flight SQL message in its `Any`."""
    body = b"".join(field(number, value) for number, value in fields)
    return field(1, PREFIX + name) + field(2, body)


def fields(body):
    """The fields of a message: (number, value) pairs."""
    found, at = [], 0

    def varint():
        nonlocal at
        number = shift = 0
        while True:
            byte = body[at]
            number |= (byte & 127) << shift
            at, shift = at + 1, shift + 7
            if byte < 128:
                return number

    while at < len(body):
        key = varint()
        if key & 7 == 2:
            length = varint()
            value, at = body[at:at + length], at + length
        elif key & 7 == 1:
            value, at = body[at:at + 8], at + 8
        else:
            value = varint()
        found.append((key >> 3, value))
    return found


def unpacked(any_body):
    """What is inside an `Any`, by field number."""
    return dict(fields(dict(fields(any_body))[2]))


class Caller:
    """One bearer token, or none."""

    def __init__(self, port, user=None, password=""):
        self.client = flight.FlightClient(f"grpc://127.0.0.1:{port}")
        self.options = flight.FlightCallOptions()
        if user is not None:
            header = self.client.authenticate_basic_token(user, password)
            self.options = flight.FlightCallOptions(headers=[header])

    def info(self, command):
        return self.client.get_flight_info(flight.FlightDescriptor.for_command(command), self.options)

    def query(self, text):
        return self.info(message("CommandStatementQuery", (1, text)))

    def rows(self, info):
        return self.client.do_get(info.endpoints[0].ticket, self.options).read_all()

    def action(self, name, body=b""):
        results = self.client.do_action(flight.Action(name, body), self.options)
        return [result.body.to_pybytes() for result in results]

    def close(self):
        self.client.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
