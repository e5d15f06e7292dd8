"""Sessions share nothing: what one sets, the other never sees, as their statements alternate."""

import datetime as dt
import threading

import psycopg
import pytest
from psycopg import errors

# A setting, what two sessions make of it, and a query whose rows depend on it.
SETTINGS = {
    "TimeZone": (
        ["Asia/Tokyo", "America/Sao_Paulo"],
        "SELECT instant::text FROM types WHERE id = 2",
        ["2026-07-01 11:30:00.000005+09", "2026-06-30 23:30:00.000005-03"],
    ),
    "search_path": (
        ["gold", "public"],
        "SELECT current_schema()",
        ["gold", "public"],
    ),
    "application_name": (
        ["one", "two"],
        "SELECT current_setting('application_name')",
        ["one", "two"],
    ),
    "DateStyle": (
        ["ISO, DMY", "ISO, MDY"],
        "SELECT date '03/02/2024'",
        [dt.date(2024, 2, 3), dt.date(2024, 3, 2)],
    ),
    "IntervalStyle": (
        ["iso_8601", "postgres"],
        "SELECT (interval '1 day 2 hours')::text",
        ["P1DT2H", "1 day 02:00:00"],
    ),
    "bytea_output": (
        ["escape", "hex"],
        "SELECT bytes::text FROM types WHERE id = 3",
        ["\\\\x41", "\\x5c783431"],
    ),
    "statement_timeout": (
        ["7s", "11s"],
        "SELECT current_setting('statement_timeout')",
        ["7s", "11s"],
    ),
    "extra_float_digits": (
        ["0", "3"],
        "SELECT current_setting('extra_float_digits')",
        ["0", "3"],
    ),
}


@pytest.fixture
def pair(server):
    with server.connect() as one, server.connect() as two:
        yield one, two


def one_value(connection, sql, **options):
    return connection.execute(sql, **options).fetchone()[0]


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_acts_in_its_session_only(name, pair):
    values, sql, expected = SETTINGS[name]
    before = one_value(pair[1], f"SHOW {name}")
    pair[0].execute(f"SET {name} = {quoted(name, values[0])}")
    assert one_value(pair[1], f"SHOW {name}") == before
    pair[1].execute(f"SET {name} = {quoted(name, values[1])}")
    for _ in range(3):
        for connection, value, result in zip(pair, values, expected, strict=True):
            assert one_value(connection, f"SHOW {name}") == value
            assert one_value(connection, sql) == result
    pair[0].execute(f"RESET {name}")
    assert one_value(pair[0], f"SHOW {name}") == before
    assert one_value(pair[1], f"SHOW {name}") == values[1]


def quoted(name, value):
    return value if name in ("DateStyle", "search_path") else f"'{value}'"


def test_prepared_statements_follow_their_own_session(pair):
    """A plan that was cached must not carry the settings it was made with."""
    sql = "SELECT instant::text FROM types WHERE id = %s"
    for connection, zone in zip(pair, ["Asia/Tokyo", "America/Sao_Paulo"], strict=True):
        connection.execute(f"SET TimeZone = '{zone}'")
    for _ in range(8):
        found = [connection.execute(sql, [2]).fetchone()[0] for connection in pair]
        assert found == ["2026-07-01 11:30:00.000005+09", "2026-06-30 23:30:00.000005-03"]
    pair[0].execute("SET TimeZone = 'UTC'")
    assert pair[0].execute(sql, [2]).fetchone() == ("2026-07-01 02:30:00.000005+00",)


def test_a_prepared_statement_follows_its_search_path(server):
    with server.connect(prepare_threshold=0) as connection:
        connection.execute("SET search_path = public")
        assert connection.execute("SELECT count(*) FROM types").fetchone() == (4,)
        connection.execute("SET search_path = gold")
        with pytest.raises(errors.UndefinedTable):
            connection.execute("SELECT count(*) FROM types")
        connection.execute("SET search_path = gold, public")
        assert connection.execute("SELECT count(*) FROM types").fetchone() == (4,)


def test_open_transactions_do_not_leak_local_settings(pair):
    one, two = pair
    one.execute("BEGIN")
    one.execute("SET LOCAL TimeZone = 'Asia/Tokyo'")
    two.execute("BEGIN")
    assert one_value(two, "SHOW TimeZone") == "UTC"
    two.execute("SET LOCAL TimeZone = 'Europe/Lisbon'")
    one.execute("COMMIT")
    assert one_value(one, "SHOW TimeZone") == "UTC"
    assert one_value(two, "SHOW TimeZone") == "Europe/Lisbon"
    two.execute("ROLLBACK")
    assert one_value(two, "SHOW TimeZone") == "UTC"


def test_a_failed_transaction_hinders_no_other_session(pair):
    one, two = pair
    one.execute("BEGIN")
    with pytest.raises(errors.UndefinedTable):
        one.execute("SELECT * FROM nowhere")
    assert one_value(two, "SELECT 1") == 1
    with pytest.raises(errors.InFailedSqlTransaction):
        one.execute("SELECT 1")
    one.execute("ROLLBACK")


def test_names_of_statements_and_cursors_belong_to_their_session(pair):
    one, two = pair
    one.execute("PREPARE same AS SELECT 'one'")
    two.execute("PREPARE same AS SELECT 'two'")
    assert one_value(one, "EXECUTE same") == "one"
    assert one_value(two, "EXECUTE same") == "two"
    one.execute("DEALLOCATE same")
    assert one_value(two, "EXECUTE same") == "two"


def test_cursors_of_one_name_belong_to_their_session(pair):
    for connection, word in zip(pair, ["one", "two"], strict=True):
        connection.execute("BEGIN")
        connection.execute(f"DECLARE same CURSOR FOR SELECT '{word}'")
    assert [one_value(connection, "FETCH 1 FROM same") for connection in pair] == ["one", "two"]


def test_discard_all_clears_one_session_only(pair):
    for connection in pair:
        connection.execute("SET TimeZone = 'Asia/Tokyo'")
    pair[0].execute("DISCARD ALL")
    assert [one_value(connection, "SHOW TimeZone") for connection in pair] == ["UTC", "Asia/Tokyo"]


def test_what_a_client_says_of_itself_stays_with_it(server):
    names = ["first", "second"]
    with server.connect(application_name="first") as one:
        with server.connect(application_name="second", options="-c TimeZone=Asia/Tokyo") as two:
            pair = [one, two]
            assert [one_value(c, "SHOW application_name") for c in pair] == names
            assert [one_value(c, "SHOW TimeZone") for c in pair] == ["UTC", "Asia/Tokyo"]
            assert [c.info.parameter_status("application_name") for c in pair] == names
            two.execute("SET TimeZone = 'Europe/Lisbon'")
            # RESET goes back to what the client asked for at its start.
            two.execute("RESET TimeZone")
            assert one_value(two, "SHOW TimeZone") == "Asia/Tokyo"


def test_roles_are_told_apart(server):
    with server.connect(user="ana") as one, server.connect(user="rui") as two:
        for _ in range(2):
            found = [
                c.execute("SELECT current_user::text, session_user::text").fetchone()
                for c in (one, two)
            ]
            assert found == [("ana", "ana"), ("rui", "rui")]


def test_set_role_is_undone_by_reset(pair):
    one, two = pair
    user = one_value(one, "SELECT current_user::text")
    one.execute("SET ROLE NONE")
    one.execute("RESET ROLE")
    assert [one_value(c, "SELECT current_user::text") for c in pair] == [user, user]
    with pytest.raises(psycopg.Error) as error:
        two.execute("SET ROLE nobody_of_that_name")
    assert error.value.sqlstate in ("22023", "42704", "42501")


def test_backends_have_a_number_of_their_own(pair):
    numbers = [one_value(connection, "SELECT pg_backend_pid()") for connection in pair]
    assert numbers[0] != numbers[1]
    assert numbers == [connection.info.backend_pid for connection in pair]


def test_a_cancel_reaches_its_own_session_only(pair):
    busy, other = pair
    timer = threading.Timer(0.3, busy.cancel_safe)
    timer.start()
    with pytest.raises(errors.QueryCanceled):
        busy.execute("SELECT sum(x) FROM generate_series(1, 1000000000000) a(x)")
    timer.join()
    assert one_value(other, "SELECT 1") == 1


def test_many_sessions_at_once_keep_their_zones(server):
    zones = {
        "Asia/Tokyo": "+09", "America/Sao_Paulo": "-03", "UTC": "+00", "Asia/Kolkata": "+05:30",
    }
    failures = []

    def work(zone, offset):
        with server.connect() as connection:
            connection.execute(f"SET TimeZone = '{zone}'")
            for _ in range(25):
                found = one_value(connection, "SELECT instant::text FROM types WHERE id = 2")
                if not found.endswith(offset):
                    failures.append((zone, found))

    threads = [threading.Thread(target=work, args=pair) for pair in zones.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
