"""What a session keeps: settings, transactions, savepoints, and what other sessions may know of it."""

import threading

import psycopg
import pytest
from psycopg import errors

from gateway import Wire, fields
from test_cursors import play

# What PostgreSQL 15 answers, statement by statement.
SETTINGS = [
    ("SET my.custom = 'x'", "SET"),
    ("SHOW my.custom", ["x"]),
    ("SELECT current_setting('my.custom')", ["x"]),
    ("RESET my.custom", "RESET"),
    ("SHOW my.custom", [""]),
    ("SHOW my.other", "42704"),
    ("SET TIME ZONE INTERVAL '-08:00' HOUR TO MINUTE", "SET"),
    ("SET TIME ZONE 'Europe/Berlin'", "SET"),
    ("SHOW TIME ZONE", ["Europe/Berlin"]),
    ("SET TIME ZONE LOCAL", "SET"),
    ("SET datestyle TO 'ISO, DMY'", "SET"),
    ("SHOW DateStyle", ["ISO, DMY"]),
    ("SET datestyle = nonsense", "22023"),
    ("RESET ALL", "RESET"),
    ("SHOW datestyle", ["ISO, MDY"]),
    ("SET ROLE NONE", "SET"),
    ("SHOW role", ["none"]),
    ("SET ROLE lakegate", "SET"),
    ("SHOW role", ["lakegate"]),
    ("RESET ROLE", "RESET"),
    ("SET SESSION AUTHORIZATION DEFAULT", "SET"),
    ("RESET SESSION AUTHORIZATION", "RESET"),
    ("SET no_such_setting = 1", "42704"),
    ("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SET"),
    ("SHOW TRANSACTION ISOLATION LEVEL", ["repeatable read"]),
    ("BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE", "BEGIN"),
    ("SHOW transaction_isolation", ["serializable"]),
    ("SHOW transaction_read_only", ["on"]),
    ("COMMIT AND CHAIN", "COMMIT"),
    ("SHOW transaction_isolation", ["serializable"]),
    ("ABORT", "ROLLBACK"),
    ("SHOW transaction_isolation", ["repeatable read"]),
    ("START TRANSACTION READ ONLY NOT DEFERRABLE", "START TRANSACTION"),
    ("END", "COMMIT"),
    ("COMMIT AND CHAIN", "25P01"),
    ("DISCARD PLANS", "DISCARD PLANS"),
    ("DISCARD SEQUENCES", "DISCARD SEQUENCES"),
    ("DISCARD TEMP", "DISCARD TEMP"),
    ("DISCARD TEMPORARY", "DISCARD TEMP"),
    ("DISCARD ALL", "DISCARD ALL"),
    ("SHOW transaction_isolation", ["read committed"]),
]

SAVEPOINTS = [
    ("SAVEPOINT a", "25P01"),
    ("ROLLBACK TO a", "25P01"),
    ("RELEASE a", "25P01"),
    ("BEGIN", "BEGIN"),
    ("SET TimeZone = 'Europe/Berlin'", "SET"),
    ("SAVEPOINT a", "SAVEPOINT"),
    ("SET TimeZone = 'Asia/Tokyo'", "SET"),
    ("SET LOCAL application_name = 'inner'", "SET"),
    ("ROLLBACK TO SAVEPOINT A", "ROLLBACK"),
    ("SHOW TimeZone", ["Europe/Berlin"]),
    ("SHOW application_name", [""]),
    ("SELECT 1 / (SELECT 0)", "22012"),
    ("SHOW TimeZone", "25P02"),
    ("SAVEPOINT b", "25P02"),
    ("ROLLBACK TO b", "3B001"),
    ("ROLLBACK TO a", "ROLLBACK"),
    ("SHOW TimeZone", ["Europe/Berlin"]),
    ("RELEASE SAVEPOINT a", "RELEASE"),
    ("ROLLBACK TO a", "3B001"),
    ("COMMIT", "ROLLBACK"),
    ("SHOW TimeZone", ["UTC"]),
    ("BEGIN", "BEGIN"),
    ("SET TimeZone = 'Asia/Tokyo'", "SET"),
    ("SET LOCAL TimeZone = 'Europe/Berlin'", "SET"),
    ("COMMIT", "COMMIT"),
    ("SHOW TimeZone", ["Asia/Tokyo"]),
    ("SET TIME ZONE DEFAULT", "SET"),
    ("DISCARD ALL", "DISCARD ALL"),
    ("BEGIN", "BEGIN"),
    ("DISCARD ALL", "25001"),
    ("ROLLBACK", "ROLLBACK"),
]

FORMALITIES = [
    ("ANALYZE", "ANALYZE"),
    ("VACUUM", "VACUUM"),
    ("LISTEN news", "LISTEN"),
    ("NOTIFY news, 'text'", "NOTIFY"),
    ("UNLISTEN *", "UNLISTEN"),
    ("LOCK TABLE pg_class", "25P01"),
    ("SET CONSTRAINTS ALL DEFERRED", "SET CONSTRAINTS"),
    ("BEGIN", "BEGIN"),
    ("VACUUM", "25001"),
    ("ROLLBACK", "ROLLBACK"),
]


@pytest.mark.parametrize("script", [SETTINGS, SAVEPOINTS, FORMALITIES])
def test_answers_are_those_of_postgres(server, script):
    with server.connect(prepare_threshold=None, options="-c TimeZone=UTC") as connection:
        found = play(connection, [statement for statement, _ in script])
    assert list(zip([s for s, _ in script], found)) == script


def test_statements_sent_as_one_succeed_or_fail_together(server):
    wire = Wire(server)
    wire.simple("SET TimeZone = 'Asia/Tokyo'; SELECT 1 / (SELECT 0); SET TimeZone = 'UTC'")
    messages = wire.until(b"Z")
    assert fields(dict(messages)[b"E"])["C"] == "22012" and messages[-1][1] == b"I"
    wire.simple("SHOW TimeZone")
    assert b"Asia" not in dict(wire.until(b"Z"))[b"D"]
    wire.simple("SET LOCAL TimeZone = 'Asia/Tokyo'; SHOW TimeZone")
    assert b"Asia/Tokyo" in dict(wire.until(b"Z"))[b"D"]
    wire.simple("SHOW TimeZone; BEGIN; SELECT 1")
    assert wire.until(b"Z")[-1][1] == b"T"
    wire.simple("COMMIT; DECLARE c CURSOR FOR SELECT 1; FETCH c")
    assert b"".join(kind for kind, _ in wire.until(b"Z")).endswith(b"CTDCZ")
    wire.close()


def test_notices_say_that_nothing_is_done(connection):
    notices = []
    connection.add_notice_handler(lambda notice: notices.append(notice.message_primary))
    connection.execute("VACUUM")
    connection.execute("LISTEN news")
    assert "nothing was done" in notices[0] and "nothing will ever be delivered" in notices[1]


@pytest.mark.parametrize("sql, sqlstate, word", [
    ("DO $$ BEGIN END $$", "0A000", "DO"),
    ("SET DateStyle = 'German'", "0A000", "german"),
    ("SET ROLE somebody", "22023", "role \"somebody\" does not exist"),
    ("SET SESSION AUTHORIZATION somebody", "22023", "role \"somebody\" does not exist"),
    ("SET datafusion.runtime.memory_limit = '1G'", "42704", "datafusion"),
])
def test_what_is_refused(connection, sql, sqlstate, word):
    with pytest.raises(psycopg.Error, match=word) as caught:
        connection.execute(sql)
    assert caught.value.sqlstate == sqlstate


def test_interleaved_sessions_never_see_each_other(server):
    names = ("TimeZone", "application_name", "my.name", "search_path")
    zones = ("Asia/Tokyo", "Europe/Berlin")
    with server.connect() as first, server.connect() as second:
        sessions = (first, second)
        for session, zone in zip(sessions, zones):
            for name in names:
                session.execute("SELECT set_config(%s, %s, false)", [name, zone])
            session.execute(f"PREPARE p AS SELECT '{zone}'")
        for _ in range(3):
            for session, zone in zip(sessions, zones):
                found = [session.execute(f"SHOW {name}").fetchone()[0] for name in names]
                assert found == [zone] * len(names)
                assert session.execute("EXECUTE p").fetchone() == (zone,)
        first.execute("BEGIN")
        first.execute("DECLARE c CURSOR FOR SELECT 1")
        with pytest.raises(errors.InvalidCursorName):
            second.execute("FETCH c")
        first.execute("DISCARD PLANS")
        second.execute("DISCARD ALL")
        assert first.execute("SHOW my.name").fetchone() == (zones[0],)


# Other sessions

ENDLESS = "SELECT count(*) FROM generate_series(1, 2000000) a, generate_series(1, 200000) b"


def running(connection, work):
    """Runs `work` beside; what it raised, when it is over."""
    raised = []

    def run():
        try:
            work()
        except psycopg.Error as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, raised


def wait_until_active(watcher, pid):
    for _ in range(1000):
        row = watcher.execute(
            "SELECT state, query FROM pg_stat_activity WHERE pid = %s", [pid]
        ).fetchone()
        if row and row[0] == "active":
            return row
        threading.Event().wait(0.01)
    raise AssertionError("the query never started")


def test_sessions_are_known_by_their_number(server):
    with server.connect(application_name="watched") as connection, server.connect() as watcher:
        pid = connection.info.backend_pid
        assert connection.execute("SELECT pg_backend_pid()").fetchone() == (pid,)
        connection.execute("BEGIN")
        row = watcher.execute(
            "SELECT usename, application_name, state, query FROM pg_stat_activity WHERE pid = %s",
            [pid],
        ).fetchone()
        assert row == ("lakegate", "watched", "idle in transaction", "BEGIN")


def test_a_query_is_cancelled_by_sql(server):
    with server.connect() as victim, server.connect() as other:
        pid = victim.info.backend_pid
        thread, raised = running(victim, lambda: victim.execute(ENDLESS))
        assert wait_until_active(other, pid) == ("active", ENDLESS)
        assert other.execute("SELECT pg_cancel_backend(%s)", [pid]).fetchone() == (True,)
        thread.join(30)
        assert raised and raised[0].sqlstate == "57014"
        assert victim.execute("SELECT 1").fetchone() == (1,)
        assert other.execute("SELECT pg_cancel_backend(%s)", [1]).fetchone() == (False,)


def test_sessions_are_ended_by_sql_as_superset_does(server):
    with server.connect() as other:
        for sql in (ENDLESS, None):
            victim = server.connect()
            pid = victim.info.backend_pid
            thread, raised = running(victim, lambda: sql and victim.execute(sql))
            if sql:
                wait_until_active(other, pid)
            found = other.execute(
                "SELECT pg_terminate_backend(pg_stat_activity.pid) FROM pg_stat_activity "
                "WHERE pid = %s", [pid],
            ).fetchall()
            assert found == [(True,)]
            thread.join(30)
            if not sql:
                with pytest.raises(psycopg.OperationalError):
                    victim.execute("SELECT 1")
            else:
                assert raised[0].sqlstate == "57P01"
            victim.close()


def test_other_users_are_nobodys_business(server):
    with server.connect(user="somebody") as theirs, server.connect() as ours:
        theirs.execute("SELECT 'a secret'")
        pid = theirs.info.backend_pid
        sql = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s"
        assert ours.execute(sql, [pid]).fetchone() == (0,)
        assert ours.execute("SELECT pg_terminate_backend(%s)", [pid]).fetchone() == (False,)
        assert theirs.execute("SELECT 1").fetchone() == (1,)
