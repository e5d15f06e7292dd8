"""Plays a corpus to one server over raw sockets, and keeps what it answers per statement.

The answers of a group are read message by message, as the protocol promises them: so a group may
end with Flush, and an error skips to the next Sync. A `Turn` is one statement's share of a group:
Parse, Bind, Describe and Execute of it, or one simple query.
"""

import json
import re
import threading

import messages
from servers import Wire

ANSWER_SECONDS_MAX = 30
CANCEL_SECONDS = 0.05
ASYNCHRONOUS = (b"N", b"S", b"A")
# What ends the answer to a message.
ANSWERS = {
    "parse": b"1", "bind": b"2", "describe": b"Tn", "execute": b"CIsGW", "close": b"3",
    "sync": b"Z", "query": b"ZG", "copy_done": b"C", "copy_fail": b"",
}
SKIPPED = {"C": "skipped", "M": "a message before it failed, and no Sync came since"}
LOST = {"C": "08006", "M": "the connection was lost, or no answer came"}


SAVEPOINT = re.compile(r'(?i)\b(savepoint|release)\s+(?:savepoint\s+)?("[^"]*"|\w+)')


class Result:
    """One row set with its description and tag."""

    def __init__(self):
        # Types: the columns, told now or before.
        self.columns = self.types = None
        self.rows, self.copied = [], []
        self.tag = None


class Turn:
    """What one statement asked for in one group, and what came of it."""

    def __init__(self, sql, values=None, formats=()):
        self.sql, self.values, self.formats = sql, values, list(formats)
        self.steps = []
        self.error = None
        self.notices = []
        self.parameter_types = None
        self.results = [Result()]

    @property
    def key(self):
        """Statements that ask the same in the same way count once."""
        return json.dumps([self.sql, self.values, self.formats, sorted(set(self.steps))])


class Cancelling:
    """Cancel requests while a block runs: one that comes before its statement does nothing."""

    def __init__(self, wire):
        self.wire, self.ended = wire, threading.Event()
        self.thread = threading.Thread(target=self._request, daemon=True)

    def _request(self):
        while not self.ended.wait(CANCEL_SECONDS):
            self.wire.cancel()

    def __enter__(self):
        if self.wire:
            self.thread.start()

    def __exit__(self, *_):
        self.ended.set()
        if self.wire:
            self.thread.join()


class Talk:
    """One session with one server."""

    def __init__(self, server, oids, start):
        self.server, self.oids, self.start = server, oids, start
        # By name: the SQL of prepared statements; SQL, values and formats of portals. By SQL:
        # what is known of the columns of a statement.
        self.statements, self.portals, self.described = {}, {}, {}
        self.skipping = False
        self.in_copy = None
        self.status = b"I"
        self.savepoints = []
        self.wire = None
        self.connect()

    def connect(self):
        start = {k: v for k, v in self.start.items() if k not in ("user", "database")}
        self.wire = Wire(self.server, **start)
        self.wire.socket.settimeout(ANSWER_SECONDS_MAX)

    def play(self, group):
        """The turns of a group."""
        said = [message for message in group if "cancel" not in message]
        turns = []
        try:
            self._send([self.oids.resolve(message) for message in said])
            with Cancelling(self.wire if len(said) < len(group) else None):
                for message in said:
                    self._answer(message, turns)
        except (OSError, ConnectionError) as error:
            turn = turns[-1] if turns else self._lost_turn(group, turns)
            turn.error = {**LOST, "D": f"{type(error).__name__}: {error}"}
            self._connect_again()
        self._note_savepoints(turns)
        return turns

    def _note_savepoints(self, turns):
        """Those that are open now."""
        for turn in turns:
            for word, name in SAVEPOINT.findall("" if turn.error else turn.sql):
                kept = [other for other in self.savepoints if other != name]
                self.savepoints = kept if word.lower() == "release" else [*kept, name]
        if self.status == b"I":
            self.savepoints = []

    def _lost_turn(self, group, turns):
        turns.append(Turn(json.dumps(group)))
        return turns[-1]

    def _connect_again(self):
        self.wire.close()
        self.statements, self.portals, self.skipping, self.in_copy = {}, {}, False, None
        self.status = b"I"
        try:
            self.connect()
        except (OSError, ConnectionError):
            pass

    def _send(self, group):
        frames = [
            messages.encode(message) for message in group
            if not (self.in_copy is None and is_copy(message))
        ]
        self.wire.send(*frames)

    def simple(self, sql):
        """One statement of the replay's own."""
        self.wire.simple(sql)
        self._status(self.wire.until(b"Z")[-1])

    def _status(self, message):
        if message[0] == b"Z":
            self.status = message[1]
            self.skipping = False

    def _answer(self, message, turns):
        turn = self._turn(message, turns)
        word = next(w for w in (*ANSWERS, "flush", "copy_data") if w in message)
        if turn:
            turn.steps.append(word)
        if word in ("flush", "copy_data") or (is_copy(message) and self.in_copy is None):
            return
        if word == "sync" and self.in_copy:
            return  # a server that takes rows does not look at it
        if self.skipping and word != "sync":
            if turn and not turn.error:
                turn.error = SKIPPED
            return
        self._read(word, turn)
        if word in ("copy_done", "copy_fail"):
            copied, self.in_copy = self.in_copy, None
            if copied == "query":
                self._read("sync", turn)

    def _turn(self, message, turns):
        """The turn a message belongs to, a new one if need be. None: it belongs to none."""
        if "query" in message:
            turns.append(Turn(message["query"]))
        elif "parse" in message:
            self.statements[message["name"]] = message["parse"]
            turns.append(Turn(message["parse"]))
        elif "bind" in message:
            sql = self.statements.get(message["bind"], "(a statement nobody prepared)")
            turn = turns[-1] if turns and turns[-1].sql == sql else None
            if turn is None or "bind" in turn.steps:
                turn = Turn(sql)
                turns.append(turn)
            turn.values, turn.formats = message.get("values"), message.get("results", [])
            self.portals[message["portal"]] = (sql, turn.values, turn.formats)
        elif "describe" in message and message["describe"] == "S":
            return self._turn_of(turns, self.statements.get(message["name"], "(unknown)"))
        elif "describe" in message or "execute" in message:
            name = message["name"] if "describe" in message else message["execute"]
            known = self.portals.get(name, ("(a portal nobody bound)", None, []))
            return self._turn_of(turns, *known)
        elif is_copy(message):
            return turns[-1] if turns else self._lost_turn([{"copy": True}], turns)
        else:
            # What goes wrong at a Sync belongs to the statement before it.
            return None
        return turns[-1]

    def _turn_of(self, turns, sql, values=None, formats=()):
        if not turns or turns[-1].sql != sql:
            turns.append(Turn(sql, values, formats))
        return turns[-1]

    def _read(self, word, turn):
        """The answer to one message."""
        turn = turn or Turn("")
        while True:
            kind, body = self.wire.message()
            if kind == b"N":
                turn.notices.append(messages.error_fields(body).get("M", ""))
            if kind in ASYNCHRONOUS:
                continue
            if kind == b"E":
                turn.error = turn.error or messages.error_fields(body)
                if word not in ("query", "sync"):
                    self.skipping = True
                    return
            self._take(kind, body, turn)
            if kind == b"G":
                self.in_copy = word
            if kind in ANSWERS[word]:
                self._status((kind, body))
                return

    def _take(self, kind, body, turn):
        result = turn.results[-1]
        if kind == b"T":
            result.columns = self.described[turn.sql] = messages.row_description(body)
        elif kind == b"D":
            result.rows.append(messages.data_row(body))
            result.types = result.columns or self.described.get(turn.sql)
        elif kind == b"t":
            turn.parameter_types = messages.parameter_types(body)
        elif kind == b"d":
            result.copied.append(body)
        elif kind in b"CIs":
            # A portal that is suspended has no tag.
            result.tag = {b"C": body.rstrip(b"\0").decode(), b"I": "(empty)", b"s": "(more)"}[kind]
            turn.results.append(Result())

    def close(self):
        self.wire.close()


def is_copy(message):
    return any(word in message for word in ("copy_data", "copy_done", "copy_fail"))

