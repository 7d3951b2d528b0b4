"""The part of Kubernetes' API that the collector needs to read lines of pods: a log that it follows, and the pod."""

import json
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from logstack.localrun.client import Entry
from logstack.localrun.layout import LOOPBACK
from tests.support.real import KUBERNETES

_LOG = re.compile(r"^/api/v1/namespaces/[^/]+/pods/[^/]+/log$")
_POD = re.compile(r"^/api/v1/namespaces/(?P<namespace>[^/]+)/pods/(?P<name>[^/]+)$")
_SECOND = 10**9
_POLL_SECONDS = 0.1
_STOP_SECONDS = 60


class ApiServer:
    """One running pod with one container, and its log."""

    def __init__(self) -> None:
        self.log: list[Entry] = []
        self.asked_since: list[str | None] = []
        """`sinceTime` of each request for the log."""
        self.over = False
        self.url = ""

    def lines_since(self, since: str | None) -> Iterator[bytes]:
        """Yield the log and its new lines; an API server compares `since` in whole seconds."""
        self.asked_since.append(since)
        from_second = int(datetime.fromisoformat(since).timestamp()) if since else 0
        sent = 0
        while not self.over:
            for entry in self.log[sent:]:
                if entry.time // _SECOND >= from_second:
                    yield f"{_rfc3339(entry.time)} {entry.line}\n".encode()
            sent = len(self.log)
            yield b""
            time.sleep(_POLL_SECONDS)


def _rfc3339(nanoseconds: int) -> str:
    second, fraction = divmod(nanoseconds, _SECOND)
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}.{fraction:09d}Z"


@contextmanager
def serving(entries: Sequence[Entry]) -> Iterator[ApiServer]:
    """Serve the API on loopback, with a pod that has written these lines."""
    api = ApiServer()
    api.log += entries

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            if url.path == "/version":
                self._answer({"major": "1", "minor": "34", "gitVersion": f"v{KUBERNETES}"})
            elif pod := _POD.match(url.path):
                status = {"phase": "Running", "containerStatuses": [{"name": "app", "state": {"running": {}}}]}
                self._answer({"kind": "Pod", "apiVersion": "v1", "metadata": pod.groupdict(), "status": status})
            elif _LOG.match(url.path):
                self._follow(parse_qs(url.query).get("sinceTime", [None])[0])
            else:
                self.send_error(404)

        def _answer(self, document: object) -> None:
            body = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _follow(self, since: str | None) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.end_headers()
            try:
                for line in api.lines_since(since):
                    self.wfile.write(line)
            except OSError:
                return  # the collector has gone

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    server.daemon_threads = True
    api.url = f"http://{LOOPBACK}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        api.over = True
        server.shutdown()
        server.server_close()
        thread.join(_STOP_SECONDS)
        assert not thread.is_alive(), f"the API server still runs {_STOP_SECONDS} s after its stop"
