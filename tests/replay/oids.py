"""OIDs of things a server made itself ↔ tokens such as `{{rel:shop.orders}}`.

PostgreSQL counts such OIDs up, Lakegate derives them from names, so they are never the same. A
corpus holds tokens in their place; `resolve` puts in what a server calls them, `name` takes them
out of its answers. From 12000 on OIDs are given when a cluster is made, so information_schema's
views have tokens too.
"""

import re

FIRST = 12000
TOKEN = re.compile(r"\{\{([a-z]+:[^}]*)\}\}")
NUMBER = re.compile(r"(?<![\w.])\d{5,10}(?![\w.])")
# What a server does not have. No object has it, and it is no number that clients use.
ABSENT = 4_000_000_000

# The application name of a session that only looks OIDs up: it is not recorded.
OWN_NAME = "replay looks"

# One statement per kind: servers that lack one of the relations still have the others.
STATEMENTS = {
    "rel": """
        SELECT c.oid, n.nspname || '.' || c.relname FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace""",
    "schema": "SELECT oid, nspname FROM pg_catalog.pg_namespace",
    "type": """
        SELECT t.oid, n.nspname || '.' || t.typname FROM pg_catalog.pg_type t
        JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace""",
    "constraint": """
        SELECT k.oid, n.nspname || '.' || c.relname || '.' || k.conname
        FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace""",
    "default": """
        SELECT d.oid, n.nspname || '.' || c.relname || '.' || d.adnum::text
        FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_class c ON c.oid = d.adrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace""",
    "rule": """
        SELECT r.oid, n.nspname || '.' || c.relname || '.' || r.rulename
        FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace""",
    "extension": "SELECT oid, extname FROM pg_catalog.pg_extension",
    "language": "SELECT oid, lanname FROM pg_catalog.pg_language",
    "proc": "SELECT oid, proname || '/' || prosrc FROM pg_catalog.pg_proc WHERE oid >= 12000",
    "collation": "SELECT oid, collname FROM pg_catalog.pg_collation",
    "database": "SELECT oid, datname FROM pg_catalog.pg_database",
    "role": "SELECT oid, rolname FROM pg_catalog.pg_roles",
}


class Oids:
    """What one server calls its things. Made from a psycopg connection in autocommit mode."""

    def __init__(self, connection):
        self.by_token, self.by_oid = {}, {}
        for kind, sql in STATEMENTS.items():
            for oid, name in _rows(connection, sql):
                # The role that made the cluster is 10 in PostgreSQL.
                if int(oid) >= FIRST or kind in ("role", "database"):
                    token = f"{kind}:{name}"
                    self.by_token[token] = int(oid)
                    self.by_oid.setdefault(int(oid), "{{" + token + "}}")
        for kind in ("role", "database"):
            self.by_oid = {o: t for o, t in self.by_oid.items() if o >= FIRST or kind in t}

    def name(self, oid):
        """The token of an OID, or the number itself."""
        return self.by_oid.get(oid, oid)

    def name_in(self, text):
        """With a token for each number that is one of these OIDs."""
        def token(found):
            number = int(found.group())
            return self.by_oid.get(number, found.group()) if number >= FIRST else found.group()
        return NUMBER.sub(token, text)

    def name_in_hex(self, text):
        """Of a binary parameter: one OID, or an array of them."""
        raw = bytes.fromhex(text)
        if len(raw) == 4:
            return self._name_word(raw)
        is_array = len(raw) >= 20 and raw[8:12] == b"\x00\x00\x00\x1a"
        if not is_array:
            return text
        words = [raw[i:i + 4] for i in range(0, len(raw), 4)]
        # After the array's head, every second word is an element's length.
        named = [self._name_word(w) if i >= 6 and i % 2 == 0 else w.hex()
                 for i, w in enumerate(words)]
        return "".join(named)

    def _name_word(self, raw):
        number = int.from_bytes(raw, "big")
        return self.by_oid.get(number, raw.hex()) if number >= FIRST else raw.hex()

    def resolve(self, value):
        """A line of a corpus with this server's numbers in it."""
        if isinstance(value, str):
            return TOKEN.sub(lambda t: str(self.by_token.get(t.group(1), ABSENT)), value)
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if isinstance(value, dict) and "hex" in value:
            return {"hex": TOKEN.sub(self._hex, value["hex"])}
        if isinstance(value, dict):
            return {key: self.resolve(item) for key, item in value.items()}
        return value

    def _hex(self, token):
        return f"{self.by_token.get(token.group(1), ABSENT):08x}"


def _rows(connection, sql):
    try:
        return connection.execute(sql).fetchall()
    except Exception:
        # Lakegate may lack the relation; then nothing of this kind has a token there.
        return []
