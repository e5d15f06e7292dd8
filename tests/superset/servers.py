"""Starts what the run needs, on free ports: Lakegate with the demo, and Superset as it comes from PyPI."""

import contextlib
import os
import pathlib
import re
import secrets
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEMO_SECONDS_MAX = 300
COMMAND_SECONDS_MAX = 600
START_SECONDS_MAX = 180
STOP_SECONDS_MAX = 30
POLL_SECONDS = 0.5
ADMIN = "admin"

# Superset's own settings, as an administrator writes them; no code of it is changed.
CONFIG = """
import os
SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = "sqlite:///{home}/superset.db?timeout=60"
# Plain HTTP, on this machine only.
TALISMAN_ENABLED = False
SESSION_COOKIE_SECURE = False
# The password is made for this run, and the page logs in once.
AUTH_RATE_LIMITED = False
# Every card asks the server, every time.
CACHE_CONFIG = DATA_CACHE_CONFIG = {{"CACHE_TYPE": "NullCache"}}
FEATURE_FLAGS = {{"ESTIMATE_QUERY_COST": True}}
"""


def lakegate_binary():
    """LAKEGATE_BIN, else the release build."""
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
    path = pathlib.Path(os.environ.get("LAKEGATE_BIN") or target / "release" / "lakegate")
    if not path.is_file():
        sys.exit(f"{path} does not exist: cargo build --release, or set LAKEGATE_BIN")
    return path.resolve()


@contextlib.contextmanager
def process(command, log, **options):
    """Runs until the block ends, with both its outputs in a file."""
    with open(log, "wb") as output:
        started = subprocess.Popen(
            [str(part) for part in command], stdout=output, stderr=subprocess.STDOUT, **options
        )
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def wait_until(ready, seconds, running, log):
    """The first answer of `ready` that is not empty; a process that ends before says why."""
    ended = time.monotonic() + seconds
    while time.monotonic() < ended and running.poll() is None:
        answer = ready()
        if answer:
            return answer
        threading.Event().wait(POLL_SECONDS)
    raise SystemExit(f"not ready within {seconds} s:\n{log.read_text(errors='replace')[-4000:]}")


@contextlib.contextmanager
def lakegate(directory):
    """The demo, generated and built in a directory of its own; gives its port."""
    log = directory / "lakegate.log"
    # Settings of the person who runs this would make it another lake.
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LAKEGATE_", "PG", "AWS_"))}
    command = [
        lakegate_binary(), "demo", "--directory", directory / "lake", "--listen", "127.0.0.1:0"
    ]

    def port():
        found = re.search(r"listening on \S+:(\d+) \(postgres\)", log.read_text(errors="replace"))
        return int(found.group(1)) if found else None

    # From the project's root, where the models are.
    with process(command, log, cwd=ROOT, env=kept) as running:
        yield wait_until(port, DEMO_SECONDS_MAX, running, log)


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextlib.contextmanager
def superset(directory):
    """A new Superset with one administrator; gives its address, that one's name and password."""
    home = directory / "superset"
    home.mkdir()
    config = home / "superset_config.py"
    config.write_text(CONFIG.format(home=home))
    environment = {
        **os.environ, "SUPERSET_CONFIG_PATH": str(config), "SUPERSET_HOME": str(home),
        "SUPERSET_SECRET_KEY": secrets.token_hex(32), "FLASK_APP": "superset.app:create_app()",
    }
    password = secrets.token_hex(16)
    initialise(home, environment, password)
    address = f"http://127.0.0.1:{free_port()}"
    log = home / "server.log"
    # One process, so that SQLite has one writer; threads, because a dashboard asks all cards at once.
    command = [
        sys.executable, "-m", "gunicorn", "--workers", "1", "--threads", "8", "--timeout", "300",
        "--bind", address.removeprefix("http://"), "superset.app:create_app()",
    ]
    with process(command, log, cwd=home, env=environment) as running:
        wait_until(lambda: answers(address + "/health"), START_SECONDS_MAX, running, log)
        yield address, ADMIN, password


def initialise(home, environment, password):
    admin = [
        "fab", "create-admin", "--username", ADMIN, "--password", password,
        "--firstname", "A", "--lastname", "B", "--email", "admin@localhost",
    ]
    script = pathlib.Path(sys.executable).with_name("superset")
    for arguments in (["db", "upgrade"], admin, ["init"]):
        done = subprocess.run(
            [script, *arguments], cwd=home, env=environment, timeout=COMMAND_SECONDS_MAX,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        )
        if done.returncode != 0:
            raise SystemExit(f"superset {arguments[0]} failed:\n{done.stdout[-4000:]}")


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False
