"""The files of `corpus/`: what one client said, a message per line, in the order it was said.

`{"session": 3, "start": {…}}` opens a session; the lines of a session follow, a group (all that
is sent before the client waits) in one piece. `{"session": 3, "errors": [...]}` at the end says
which errors PostgreSQL answered while recording: a replay that sees others is not the recorded one.
"""

import json
import pathlib

from messages import ENDS

FOLDER = pathlib.Path(__file__).with_name("corpus")


class Session:
    def __init__(self, number, start):
        self.number, self.start = number, start
        self.errors = []


# What these build changes a server: all their sessions count, and they are played last.
WRITING = ("dbt_build",)


def names():
    found = sorted(path.stem for path in FOLDER.glob("*.jsonl"))
    return [n for n in found if n not in WRITING] + [n for n in found if n in WRITING]


def read(name):
    """(sessions by number, groups: [(session, [message])] in order)."""
    sessions, groups, open_groups = {}, [], {}
    for line in (FOLDER / f"{name}.jsonl").read_text().splitlines():
        message = json.loads(line)
        number = message.pop("session")
        if "start" in message:
            sessions[number] = Session(number, message["start"])
        elif "errors" in message:
            sessions[number].errors = message["errors"]
        else:
            if "cancel" in message:
                _last_group(groups, number).append(message)
                continue
            group = open_groups.setdefault(number, [])
            group.append(message)
            if ends_group(message):
                groups.append((sessions[number], open_groups.pop(number)))
    return sessions, groups


def _last_group(groups, number):
    return next(group for session, group in reversed(groups) if session.number == number)


def ends_group(message):
    return any(word in message for word in ENDS)


def write(name, sessions, groups, keep_all=False):
    """`sessions`: by number. Sessions that say what an earlier one said are left out."""
    said = {}
    for session, group in groups:
        said.setdefault(session.number, []).extend(group)
    kept, seen = {}, set()
    for number, messages in said.items():
        text = json.dumps([sessions[number].start, messages], sort_keys=True)
        if keep_all or text not in seen:
            kept[number] = len(kept) + 1
        seen.add(text)
    lines, opened = [], set()
    for session, group in groups:
        number = kept.get(session.number)
        if number is None:
            continue
        if number not in opened:
            opened.add(number)
            lines.append({"session": number, "start": session.start})
        lines += [{"session": number, **message} for message in group]
    lines += [{"session": kept[number], "errors": sessions[number].errors} for number in kept]
    FOLDER.mkdir(exist_ok=True)
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (FOLDER / f"{name}.jsonl").write_text(text)
    return len(kept), len(text)
