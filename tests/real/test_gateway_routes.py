"""The gateway's own nginx, as the chart configures it: delete requests reach the pod that compacts, pushes do not."""

import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from ops.local.layout import LOOPBACK, free_ports
from tests.support.real import chart_or_standin, expanded
from tests.support.stacks import chart_values, settings_of

pytestmark = pytest.mark.real

# Stacks of several compactors, the pod that compacts, and who takes all other requests.
STACKS = {
    "production": ("loki-backend-0.loki-backend-headless", "loki-write"),
    "unusual": ("loki-0.loki-headless", "loki"),
    "distributed": ("loki-compactor-0.loki-compactor-headless", "loki-distributor"),
}
WANTED = "/loki/api/v1/delete?query=%7Bapp%3D%22a%22%7D&start=1&end=2"


class Upstream(ThreadingHTTPServer):
    """Answers with its name, the method and the path that it was asked."""

    def __init__(self, name: str, port: int) -> None:
        """`name` is the host that it stands for."""
        super().__init__((LOOPBACK, port), Answer)
        self.name = name


class Answer(BaseHTTPRequestHandler):
    """One request."""

    def answer(self) -> None:
        """Say who was asked for what."""
        assert isinstance(self.server, Upstream)
        said = f"{self.server.name} {self.command} {self.path}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - the library's names

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(params=STACKS)
def stack(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def gateway(stack: str, tmp_path: Path) -> Iterator[httpx.Client]:
    program = shutil.which("nginx")
    if not program:
        pytest.skip("no nginx on PATH")
    settings = settings_of(stack)
    values = chart_values(settings, "loki")
    objects = expanded(chart_or_standin("loki"), settings.cluster.namespace, values, tmp_path, "loki")
    (text,) = [
        str(each["data"]["nginx.conf"])
        for each in objects
        if each["kind"] == "ConfigMap" and each["metadata"]["name"] == "loki-gateway"
    ]
    port, *ports = free_ports(1 + len(STACKS[stack]))
    suffix = f".{settings.cluster.namespace}.svc.{settings.cluster.cluster_domain}:3100"
    for name, upstream in zip(STACKS[stack], ports, strict=True):
        text = text.replace(f"http://{name}{suffix}", f"http://{LOOPBACK}:{upstream}")
    text = re.sub(r"listen\s+8080( ssl)?;", f"listen {LOOPBACK}:{port};", text)
    text = re.sub(r"listen\s+\[::\]:8080;", "", text)
    text = re.sub(r"resolver [^;]+;", f"resolver {LOOPBACK};", text).replace("/tmp/", f"{tmp_path}/")  # noqa: S108 - what is replaced
    file = tmp_path / "nginx.conf"
    file.write_text(f"daemon off;\n{text}")
    with upstreams(dict(zip(STACKS[stack], ports, strict=True))):
        process = subprocess.Popen([program, "-c", str(file), "-p", str(tmp_path), "-e", "stderr"])
        try:
            with httpx.Client(base_url=f"http://{LOOPBACK}:{port}", timeout=10) as client:
                wait(client)
                yield client
        finally:
            process.terminate()
            process.wait(10)


@contextmanager
def upstreams(ports: dict[str, int]) -> Iterator[None]:
    servers = [Upstream(name, port) for name, port in ports.items()]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


def wait(client: httpx.Client) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            client.get("/").raise_for_status()
        except httpx.TransportError:
            assert time.monotonic() < deadline, "nginx does not answer"
            time.sleep(0.1)
        else:
            return


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_a_delete_request_goes_to_the_pod_that_compacts_as_it_was_sent(
    stack: str, gateway: httpx.Client, method: str
) -> None:
    assert gateway.request(method, WANTED).text == f"{STACKS[stack][0]} {method} {WANTED}"


def test_a_push_goes_where_it_went(stack: str, gateway: httpx.Client) -> None:
    assert gateway.post("/loki/api/v1/push", content=b"{}").text == f"{STACKS[stack][1]} POST /loki/api/v1/push"


def test_nobody_outside_can_ask_for_the_leaders_own_location(gateway: httpx.Client) -> None:
    assert gateway.get("/compactor-leader/delete").status_code == 404
