"""How the tests on a cluster count lost lines, with a server on loopback instead of a cluster."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from tests.support import live
from tests.support.live import Live

WRITTEN = [f"{number:019d} {'p' * 80}" for number in range(3)]
POD = "loki-canary-abcde"


class ApiServer(BaseHTTPRequestHandler):
    """An API server with one canary on its node, and a Loki that has some of its lines."""

    stored = WRITTEN

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path.endswith("/log"):
            self._send("\n".join(["Connecting to loki", *WRITTEN, ""]))
        elif path.endswith("/pods"):
            self._send(
                json.dumps({"kind": "PodList", "items": [{"metadata": {"name": POD, "uid": "1"}, "status": {}}]})
            )
        elif path.endswith("/query_range"):
            values = [[line.partition(" ")[0], line] for line in self.stored]
            self._send(json.dumps({"data": {"result": [{"stream": {"pod": POD}, "values": values}]}}))
        else:
            self._send("loki_canary_missing_entries_total 0\nloki_canary_duplicate_entries_total 2\n")

    def _send(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json" if text.startswith("{") else "text/plain")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    monkeypatch.setattr(live, "_POLL_SECONDS", 0.01)
    monkeypatch.setattr(live, "_PATIENCE_SECONDS", 0.1)
    server = ThreadingHTTPServer(("127.0.0.1", 0), ApiServer)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text(
        yaml.safe_dump(
            {
                "current-context": "x",
                "clusters": [{"name": "x", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
                "users": [{"name": "x", "user": {}}],
                "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
            }
        )
    )
    yield Live(kubeconfig)
    server.shutdown()
    server.server_close()


def test_canary_count_has_no_missing_line_when_all_are_in_loki(cluster: Live) -> None:
    count = cluster.canary("monitoring")
    assert (count.written, count.missing, count.reported, count.duplicates) == (3, 0, 0, 2)
    assert str(count) == "canary: 3 lines, 0 missing"


def test_canary_count_has_a_missing_line_when_only_the_node_has_it(
    cluster: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ApiServer, "stored", WRITTEN[1:])
    count = cluster.canary("monitoring")
    assert (count.written, count.missing) == (3, 1)
    assert count.reported == 0, "the canary itself reports a missing line five minutes later"
