"""What every server that the tests talk to has in common: where it is, and a session by psycopg.

`Gateway` is a Lakegate, `Postgres` a PostgreSQL to compare with. A test may be given either.
"""

import psycopg

USER, DATABASE = "lakegate", "lake"


class Peer:
    """One running server; how it starts sets `host` and `port`."""

    host = "127.0.0.1"
    port = None

    @property
    def dsn(self):
        return f"host={self.host} port={self.port} user={USER} dbname={DATABASE}"

    def url(self, driver):
        return f"postgresql+{driver}://{USER}@{self.host}:{self.port}/{DATABASE}"

    def connect(self, **options):
        return psycopg.connect(self.dsn, **{"autocommit": True, **options})

    def query(self, text, parameters=None):
        """All rows of one statement, in a session of its own."""
        with self.connect() as connection:
            return connection.execute(text, parameters).fetchall()
