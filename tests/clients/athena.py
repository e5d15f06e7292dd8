"""An Athena to test against: moto's server, and before it a proxy that does what moto leaves out.

moto finishes every statement at once, answers all rows on one page, forgets tokens and never fails. The
proxy lets a test say what a statement answers (`Athena.answers`), how long it runs and what it reads; it
keeps AWS's promise that one token starts one statement, and it loses replies, throttles and refuses on
demand. S3 passes through it untouched.
"""

import collections
import contextlib
import dataclasses
import http.client
import http.server
import io
import json
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import uuid

import boto3
import pyarrow as pa
import pyarrow.parquet as pq

START_SECONDS_MAX = 60
BUCKET = "results"
OUTPUT = f"s3://{BUCKET}/athena"
KEYS = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
# What GetQueryResults calls types that plans name otherwise.
NAMES = {"real": "float", "char": "char"}
FOREVER = 10**9


@dataclasses.dataclass
class Answer:
    """What statements that contain `marker` answer: values as Athena writes them, None for NULL."""

    marker: str
    columns: list
    rows: list = dataclasses.field(default_factory=list)
    scanned_bytes: int = 10_000_000
    # How often it is said to run still; FOREVER: until it is stopped.
    polls: int = 0
    # Category, type and message, as in AthenaError.
    error: tuple | None = None
    # What UNLOAD writes, over so many files.
    table: pa.Table | None = None
    files: int = 2
    is_reused: bool = False


class Running:
    """One statement that was started."""

    def __init__(self, text, answer):
        self.text, self.answer = text, answer
        self.is_plan = text.startswith("EXPLAIN")
        self.is_unload = text.startswith("UNLOAD")
        self.polls = 0 if self.is_plan else answer.polls
        self.is_stopped = False
        self.manifest = None

    def state(self):
        if self.is_stopped:
            return "CANCELLED"
        if self.polls > 0:
            self.polls -= 1
            return "RUNNING"
        failed = self.answer.error and not self.is_plan
        return "FAILED" if failed else "SUCCEEDED"


class Athena:
    """Use as a context manager. `endpoint` is that of Athena and of S3."""

    def __init__(self):
        moto_port = free_port()
        self.moto = ("127.0.0.1", moto_port)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(moto_port)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        self._wait()
        self.s3 = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{moto_port}", **KEYS)
        self.s3.create_bucket(Bucket=BUCKET)
        self.proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        self.proxy.daemon_threads = True
        threading.Thread(target=self.proxy.serve_forever, daemon=True).start()
        self.endpoint = f"http://127.0.0.1:{self.proxy.server_port}"
        self.lock = threading.RLock()
        self.answers = []
        # What runs may outlive the test that started it: the gateway watches it to its end.
        self.running = {}
        self.forget()

    def forget(self):
        """What happened so far, and what shall go wrong."""
        self.calls = collections.Counter()
        self.requests = []
        self.forgotten = len(self.running)
        self.tokens = {}
        self.faults = collections.defaultdict(list)
        self.lost_replies = 0
        self.is_managed = False

    def _wait(self):
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            try:
                socket.create_connection(self.moto, timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError("moto did not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.proxy.shutdown()
        self.process.terminate()
        self.process.wait()

    def settings(self, **others):
        """Those of a gateway that asks this Athena."""
        values = {
            "athena.enabled": "true", "athena.endpoint": self.endpoint,
            "athena.region": "us-east-1", "athena.access_key_id": "key",
            "athena.secret_access_key": "secret", "athena.output": OUTPUT,
            "s3.endpoint": self.endpoint, "s3.allow_http": "true", "s3.region": "us-east-1",
            "s3.access_key_id": "key", "s3.secret_access_key": "secret",
        }
        values.update({f"athena.{name}": value for name, value in others.items()})
        return [f"{name}={value}" for name, value in values.items()]

    def answer(self, marker, columns, rows=(), **others):
        """The newest answer to a marker is the one that counts."""
        found = Answer(marker, list(columns), [list(row) for row in rows], **others)
        self.answers.insert(0, found)
        return found

    def fail(self, operation, times=1, code="ThrottlingException", message="Rate exceeded", status=400):
        """The next requests of this kind are refused."""
        self.faults[operation] += [(code, message, status)] * times

    def texts(self):
        """Of all statements that were started, plans left out."""
        runs = list(self.running.values())[self.forgotten:]
        return [run.text for run in runs if not run.is_plan]

    def objects(self):
        listed = self.s3.list_objects_v2(Bucket=BUCKET)
        return [found["Key"] for found in listed.get("Contents", [])]

    # What the proxy does with each operation: status and JSON, or None for what moto says.

    def start(self, request, forward):
        with self.lock:
            token = request["ClientRequestToken"]
            if token not in self.tokens:
                self.tokens[token] = self._start(request, forward)
            if self.lost_replies > 0:
                self.lost_replies -= 1
                return None
            return self.tokens[token]

    def _start(self, request, forward):
        text = request["QueryString"]
        answer = next((found for found in self.answers if found.marker in text), None)
        if answer is None or (text.startswith("UNLOAD") and answer.table is None):
            message = f"the test says nothing of {text}"
            return 400, {"__type": "InvalidRequestException", "Message": message}
        run = Running(text, answer)
        columns, rows = contents(run)
        self._seed(columns, rows)
        if self.is_managed:
            request = {**request, "ResultConfiguration": None}
        status, answered = forward(request)
        if status == 200:
            self.running[answered["QueryExecutionId"]] = run
            place = (request.get("ResultConfiguration") or {}).get("OutputLocation")
            if place and not run.is_plan:
                self._write(answered["QueryExecutionId"], run, place)
        return status, answered

    def _seed(self, columns, rows):
        data = [{"Data": [{} if v is None else {"VarCharValue": v} for v in row]} for row in rows]
        infos = [column_info(name, of) for name, of in columns]
        body = json.dumps({"results": [{"rows": data, "column_info": infos}]}).encode()
        url = "http://{}:{}/moto-api/static/athena/query-results".format(*self.moto)
        urllib.request.urlopen(urllib.request.Request(url, body), timeout=60).close()

    def _write(self, execution, run, place):
        bucket, _, prefix = place.removeprefix("s3://").partition("/")
        prefix = prefix.rstrip("/")
        if not run.is_unload:
            body = result_file(*contents(run))
            self.s3.put_object(Bucket=bucket, Key=f"{prefix}/{execution}.csv", Body=body)
        elif not run.answer.error:
            run.manifest = f"s3://{bucket}/{prefix}/{execution}-manifest.csv"
            folder = re.search(r"TO 's3://[^/]+/(.*?)/?' WITH", run.text).group(1)
            lines = [f"s3://{bucket}/{key}\n" for key in self._unload(run.answer, bucket, folder)]
            key = f"{prefix}/{execution}-manifest.csv"
            self.s3.put_object(Bucket=bucket, Key=key, Body="".join(lines).encode())

    def _unload(self, answer, bucket, folder):
        rows = max(1, -(-answer.table.num_rows // answer.files))
        for start in range(0, answer.table.num_rows, rows):
            target = io.BytesIO()
            part = answer.table.slice(start, rows)
            pq.write_table(part, target, compression="zstd", use_deprecated_int96_timestamps=True)
            key = f"{folder}/{uuid.uuid4()}"
            self.s3.put_object(Bucket=bucket, Key=key, Body=target.getvalue())
            yield key

    def execution(self, found):
        """What moto says of an execution, and what there is to say besides."""
        run = self.running[found["QueryExecutionId"]]
        state = run.state()
        found["Status"]["State"] = state
        if state == "FAILED":
            category, number, message = run.answer.error
            found["Status"]["StateChangeReason"] = message
            found["Status"]["AthenaError"] = {
                "ErrorCategory": category, "ErrorType": number, "ErrorMessage": message,
            }
        found["StatementType"] = "UTILITY" if run.is_plan else "DML"
        scanned = 0 if run.is_plan else run.answer.scanned_bytes
        found["Statistics"]["DataScannedInBytes"] = scanned
        found["Statistics"]["ResultReuseInformation"] = {"ReusedPreviousResult": run.answer.is_reused}
        if run.manifest and state == "SUCCEEDED":
            found["Statistics"]["DataManifestLocation"] = run.manifest
        if self.is_managed or not found.get("ResultConfiguration"):
            found.pop("ResultConfiguration", None)
            found["ManagedQueryResultsConfiguration"] = {"Enabled": True}
        return found

    def get(self, request, forward):
        status, answered = forward(request)
        if status == 200:
            with self.lock:
                self.execution(answered["QueryExecution"])
        return status, answered

    def batch(self, request, forward):
        """moto does not have it: it is asked for one after the other."""
        found = []
        for execution in request["QueryExecutionIds"]:
            one = {"QueryExecutionId": execution}
            found.append(self.get(one, lambda r: forward(r, "GetQueryExecution"))[1])
        executions = [one["QueryExecution"] for one in found]
        return 200, {"QueryExecutions": executions, "UnprocessedQueryExecutionIds": []}

    def results(self, request, forward):
        """Cut into pages."""
        status, answered = forward(request)
        if status == 200:
            rows = answered["ResultSet"]["Rows"]
            start = int(request.get("NextToken") or 0)
            end = start + min(request.get("MaxResults", 1000), 1000)
            answered["ResultSet"]["Rows"] = rows[start:end]
            if end < len(rows):
                answered["NextToken"] = str(end)
        return status, answered

    def stop(self, request, forward):
        self.running[request["QueryExecutionId"]].is_stopped = True
        return forward(request)


def handler(athena):
    """The proxy's requests."""
    operations = {
        "StartQueryExecution": athena.start, "GetQueryExecution": athena.get,
        "BatchGetQueryExecution": athena.batch, "GetQueryResults": athena.results,
        "StopQueryExecution": athena.stop,
    }

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_):
            pass

        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            target = self.headers.get("X-Amz-Target", "")
            operation = target.removeprefix("AmazonAthena.")
            if operation == target:
                return self.reply(*self.forward(dict(self.headers), body))
            athena.calls[operation] += 1
            request = json.loads(body)
            athena.requests.append((operation, request))
            if athena.faults[operation]:
                code, message, status = athena.faults[operation].pop(0)
                found = status, {"__type": code, "Message": message}
            else:
                found = operations[operation](request, lambda r, o=operation: self.ask(r, o))
            if found is None:
                self.close_connection = True
                return self.connection.shutdown(socket.SHUT_RDWR)
            status, answered = found
            headers = [("Content-Type", "application/x-amz-json-1.1")]
            return self.reply(status, headers, json.dumps(answered).encode())

        def ask(self, request, operation):
            """moto, in JSON."""
            headers = {**self.headers, "X-Amz-Target": f"AmazonAthena.{operation}"}
            status, _, body = self.forward(headers, json.dumps(request).encode())
            return status, json.loads(body)

        def forward(self, headers, body):
            hop = ("host", "content-length", "connection", "transfer-encoding")
            kept = {name: value for name, value in headers.items() if name.lower() not in hop}
            connection = http.client.HTTPConnection(*athena.moto, timeout=60)
            connection.request(self.command, self.path, body, kept)
            answered = connection.getresponse()
            found = answered.status, answered.getheaders(), answered.read()
            connection.close()
            return found

        def reply(self, status, headers, body):
            self.send_response_only(status)
            length = str(len(body))
            for name, value in headers:
                if name.lower() == "content-length":
                    length = value
                elif name.lower() not in ("connection", "transfer-encoding"):
                    self.send_header(name, value)
            self.send_header("Content-Length", length)
            self.end_headers()
            if self.command != "HEAD":
                # Who asked may be gone by now.
                with contextlib.suppress(ConnectionError):
                    self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer

    return Handler


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def contents(run):
    """Columns and rows as GetQueryResults has them: a query's first row has the names."""
    answer = run.answer
    if run.is_plan:
        return [("Query Plan", "varchar")], [[line] for line in plan(answer.columns).splitlines()]
    if run.is_unload:
        return [("rows", "bigint")], []
    return answer.columns, [[name for name, _ in answer.columns], *answer.rows]


def plan(columns):
    """What EXPLAIN (FORMAT JSON) says, as far as it concerns the columns."""
    names = ", ".join(name for name, _ in columns)
    outputs = [{"name": name, "type": of} for name, of in columns]
    root = {"id": "1", "name": "Output", "descriptor": {"columnNames": f"[{names}]"}}
    return json.dumps({"0": {**root, "outputs": outputs, "details": [], "children": []}}, indent=2)


def column_info(name, of):
    word = re.sub(r"\(\d+(,\s*\d+)?\)", "", of)
    word = re.match(r"[a-z ]+", word).group(0).strip()
    precise = re.fullmatch(r"decimal\((\d+),\s*(\d+)\)", of)
    digits, scale = map(int, precise.groups()) if precise else (0, 0)
    return {
        "CatalogName": "hive", "SchemaName": "", "TableName": "", "Name": name, "Label": name,
        "Type": NAMES.get(word, word), "Precision": digits, "Scale": scale, "Nullable": "UNKNOWN",
        "CaseSensitive": word == "varchar",
    }


def result_file(_, rows):
    """The CSV as Athena writes it: quotes around every value, nothing for NULL."""
    quoted = (
        ",".join("" if v is None else '"{}"'.format(v.replace('"', '""')) for v in row)
        for row in rows
    )
    return "".join(f"{line}\n" for line in quoted).encode()
