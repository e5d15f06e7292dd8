"""Flight SQL's lower side: tickets, tokens, actions and messages that make no sense."""

import concurrent.futures
import contextlib

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from flight import PREFIX, Caller, field, fields, message, unpacked
from gateway import Gateway

ENDLESS = "SELECT x FROM generate_series(1, 1000000000000) a(x)"
ALL_INFO = [*range(0, 12), 100, 101, *range(500, 577)]


@pytest.fixture(scope="module")
def port(demo_lake, types_file):
    settings = ["flight.listen=127.0.0.1:0"]
    with Gateway(demo_lake, tables={"types": types_file}, settings=settings) as gateway:
        yield gateway.flight_port


@pytest.fixture
def ana(port):
    with Caller(port, "ana") as caller:
        yield caller


def test_a_ticket_works_for_its_owner_in_any_session(port, ana):
    info = ana.query("SELECT 1 AS one")
    with Caller(port, "ana") as same:
        assert same.rows(info).to_pylist() == [{"one": 1}]


def test_a_ticket_of_someone_else_is_refused(port, ana):
    info = ana.query("SELECT 1")
    with Caller(port, "bob") as bob, pytest.raises(flight.FlightUnauthorizedError, match="someone else"):
        bob.rows(info)


def test_a_changed_ticket_is_refused(ana):
    ticket = bytearray(ana.query("SELECT 1").endpoints[0].ticket.ticket)
    ticket[-1] ^= 1
    with pytest.raises(flight.FlightUnauthenticatedError, match="not signed"):
        ana.client.do_get(flight.Ticket(bytes(ticket)), ana.options).read_all()


@pytest.mark.parametrize("ticket", [b"", b"nonsense", field(1, PREFIX + "Other") + field(2, b"")])
def test_what_is_no_ticket_is_refused(ticket, ana):
    with pytest.raises(pa.ArrowInvalid):
        ana.client.do_get(flight.Ticket(ticket), ana.options).read_all()


def test_a_ticket_dies_with_its_session(port, ana):
    with Caller(port, "ana") as other:
        info = other.query("SELECT 1")
        other.action("CloseSession")
    with pytest.raises(KeyError, match="session of this ticket has ended"):
        ana.rows(info)


def test_a_closed_session_takes_its_token_along(port):
    with Caller(port, "ana") as caller:
        assert fields(caller.action("CloseSession")[0]) == [(1, 1)]
        with pytest.raises(flight.FlightUnauthenticatedError, match="log in again"):
            caller.query("SELECT 1")


def test_a_command_runs_once(ana):
    info = ana.query("SET application_name TO 'x'")
    ana.rows(info)
    with pytest.raises(pa.ArrowInvalid, match="ran already"):
        ana.rows(info)


def test_a_ticket_is_renewed(ana):
    endpoint = ana.query("SELECT 1 AS one").endpoints[0]
    body = field(1, field(1, field(1, endpoint.ticket.ticket)))
    renewed = dict(fields(ana.action("RenewFlightEndpoint", body)[0]))
    ticket = dict(fields(renewed[1]))[1]
    table = ana.client.do_get(flight.Ticket(ticket), ana.options).read_all()
    assert table.to_pylist() == [{"one": 1}]


@pytest.mark.parametrize("action", ["CancelFlightInfo", "CancelQuery"])
def test_a_running_query_is_cancelled(action, ana):
    info = ana.query(ENDLESS)
    reader = ana.client.do_get(info.endpoints[0].ticket, ana.options)
    reader.read_chunk()
    if action == "CancelQuery":
        body = message("ActionCancelQueryRequest", (1, info.serialize()))
        assert unpacked(ana.action(action, body)[0]) == {1: 1}
    else:
        assert fields(ana.action(action, field(1, info.serialize()))[0]) == [(1, 1)]
    with pytest.raises((flight.FlightCancelledError, pa.ArrowCancelled), match="cancel"):
        while True:
            reader.read_chunk()


def test_a_query_that_waits_is_cancelled(ana):
    info = ana.query("SELECT 1")
    assert fields(ana.action("CancelFlightInfo", field(1, info.serialize()))[0]) == [(1, 1)]
    with pytest.raises(KeyError):
        ana.rows(info)


def test_a_reader_that_goes_away_stops_its_query(port, ana):
    reader = ana.client.do_get(ana.query(ENDLESS).endpoints[0].ticket, ana.options)
    reader.read_chunk()
    reader.cancel()
    with Caller(port, "ana") as other:
        query = "SELECT count(*) AS running FROM pg_stat_activity WHERE state = 'active' "
        query += "AND query LIKE '%generate_series(1, 1000000000000)%' AND query NOT LIKE '%running%'"
        for _ in range(200):
            if other.rows(other.query(query)).to_pylist() == [{"running": 0}]:
                return
    raise AssertionError("the query still runs")


def test_several_results_are_read_at_once(ana):
    def total(number):
        query = f"SELECT sum(x) AS total FROM generate_series(1, {number}) a(x)"
        return ana.rows(ana.query(query)).to_pylist()[0]["total"]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        numbers = list(range(100_000, 100_016))
        assert list(pool.map(total, numbers)) == [n * (n + 1) // 2 for n in numbers]


@pytest.mark.parametrize(
    "command, error",
    [
        (b"", pa.ArrowInvalid),
        (b"\xff\xff\xff", pa.ArrowInvalid),
        (field(1, PREFIX + "CommandStatementQuery") + field(2, b"\xff"), pa.ArrowInvalid),
        (message("CommandNothing"), NotImplementedError),
        (message("CommandStatementSubstraitPlan"), NotImplementedError),
        (message("CommandPreparedStatementQuery", (1, b"unknown")), KeyError),
        (message("CommandStatementQuery", (1, "SELECT 1"), (2, b"unknown")), KeyError),
    ],
)
def test_commands_that_make_no_sense(command, error, ana):
    with pytest.raises(error):
        ana.info(command)
    assert ana.rows(ana.query("SELECT 1 AS one")).num_rows == 1


@pytest.mark.parametrize(
    "action", ["CreatePreparedStatement", "EndTransaction", "CancelQuery", "CancelFlightInfo", "Nothing"]
)
def test_actions_that_make_no_sense(action, ana):
    with pytest.raises((pa.ArrowInvalid, NotImplementedError)):
        ana.action(action, b"\xff\xff")
    assert ana.rows(ana.query("SELECT 1 AS one")).num_rows == 1


def test_a_message_beyond_the_limit_is_refused(ana):
    text = "SELECT '" + "x" * (17 << 20) + "'"
    with pytest.raises(Exception, match="(?i)message|large|limit|length"):
        ana.query(text)


def test_tokens_and_headers_that_make_no_sense(port):
    for header in [b"Bearer unknown", b"Basic !", b"Digest x", b"Bearer"]:
        options = flight.FlightCallOptions(headers=[(b"authorization", header)])
        client = flight.FlightClient(f"grpc://127.0.0.1:{port}")
        with contextlib.closing(client), pytest.raises(flight.FlightUnauthenticatedError):
            descriptor = flight.FlightDescriptor.for_command(message("CommandGetCatalogs"))
            client.get_flight_info(descriptor, options)


def test_a_name_with_each_call_gives_a_session_of_the_connection(port):
    options = flight.FlightCallOptions(headers=[(b"authorization", b"Basic YW5hOng=")])
    with Caller(port) as caller:
        caller.options = options
        caller.rows(caller.query("SET application_name TO 'kept'"))
        told = caller.rows(caller.query("SELECT current_user AS u, current_setting('application_name') AS n"))
        assert told.to_pylist() == [{"u": "ana", "n": "kept"}]


def test_savepoints(ana):
    begun = unpacked(ana.action("BeginTransaction", message("ActionBeginTransactionRequest"))[0])[1]
    body = message("ActionBeginSavepointRequest", (1, begun), (2, "s"))
    savepoint = unpacked(ana.action("BeginSavepoint", body)[0])[1]
    with pytest.raises(KeyError):
        ana.query("SELECT * FROM nowhere")
    ana.action("EndSavepoint", message("ActionEndSavepointRequest", (1, savepoint), (2, 2)))
    assert ana.rows(ana.query("SELECT 1 AS one")).num_rows == 1
    with pytest.raises(pa.ArrowInvalid, match="open in this session"):
        ana.action("BeginTransaction", message("ActionBeginTransactionRequest"))
    ana.action("EndTransaction", message("ActionEndTransactionRequest", (1, begun), (2, 1)))
    with pytest.raises(KeyError):
        ana.action("EndTransaction", message("ActionEndTransactionRequest", (1, begun), (2, 1)))


def test_session_options(ana):
    def option(name, text):
        return field(1, field(1, name) + field(2, field(1, text)))

    body = option("TimeZone", "Asia/Tokyo") + option("flight.compression", "lz4")
    body += option("nothing_like_it", "x") + option("a;b", "x") + option("DateStyle", "x")
    errors = {}
    for _, entry in fields(ana.action("SetSessionOptions", body)[0]):
        pair = dict(fields(entry))
        errors[pair[1].decode()] = dict(fields(pair[2]))[1]
    assert errors == {"nothing_like_it": 1, "a;b": 1, "DateStyle": 2}
    told = {}
    for _, entry in fields(ana.action("GetSessionOptions")[0]):
        pair = dict(fields(entry))
        told[pair[1].decode()] = dict(fields(pair[2])).get(1, b"").decode()
    assert told["TimeZone"] == "Asia/Tokyo" and told["catalog"] == "lake"


def test_every_info_is_told(ana):
    everything = ana.rows(ana.info(message("CommandGetSqlInfo")))
    assert sorted(everything.column(0).to_pylist()) == ALL_INFO
    named = ana.rows(ana.info(message("CommandGetSqlInfo", (1, 0), (1, 8))))
    assert named.to_pylist() == [
        {"info_name": 0, "value": "Lakegate"}, {"info_name": 8, "value": 2},
    ]


def test_the_functions_told_of_exist(ana):
    rows = ana.rows(ana.info(message("CommandGetSqlInfo"))).to_pylist()
    told = {row["info_name"]: row["value"] for row in rows}
    for name in [name for code in (509, 510, 511, 512) for name in told[code]]:
        try:
            ana.query(f"SELECT {name}()")
        except (KeyError, pa.ArrowInvalid, NotImplementedError) as error:
            # Other arguments would be right.
            assert f'"{name}"' not in str(error), name


@pytest.mark.parametrize(
    "command, names",
    [
        ("CommandGetCatalogs", ["catalog_name"]),
        ("CommandGetTableTypes", ["table_type"]),
        ("CommandGetXdbcTypeInfo", ["type_name", "data_type"]),
    ],
)
def test_short_lists(command, names, ana):
    info = ana.info(message(command))
    table = ana.rows(info)
    assert table.num_rows > 0 and table.schema.names[:len(names)] == names
    assert info.schema == table.schema


def test_keys(ana):
    primary = message("CommandGetPrimaryKeys", (2, "pg_catalog"), (3, "pg_attribute"))
    keys = ana.rows(ana.info(primary)).to_pylist()
    assert [(key["column_name"], key["key_sequence"]) for key in keys] == [
        ("attrelid", 1), ("attnum", 2),
    ]
    for command in ("CommandGetExportedKeys", "CommandGetImportedKeys"):
        table = ana.rows(ana.info(message(command, (3, "types"))))
        assert table.num_rows == 0 and len(table.schema) == 13
    cross = message("CommandGetCrossReference", (3, "types"), (6, "types"))
    assert ana.rows(ana.info(cross)).num_rows == 0


def test_the_actions_are_listed(ana):
    listed = {action.type for action in ana.client.list_actions(ana.options)}
    assert {"CreatePreparedStatement", "CancelFlightInfo", "CloseSession"} <= listed
