"""The gateway's own nginx, as the chart configures it: delete requests reach the pod that compacts, pushes do not."""

import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from logstack.localrun.layout import LOOPBACK, free_ports
from logstack.settings.model.access import OWN_USER
from logstack.settings.model.tree import Settings
from tests.support.gateway import nginx, nginx_command
from tests.support.real import chart_or_standin, expanded, run
from tests.support.stacks import chart_values, settings_of

pytestmark = pytest.mark.real

# Stacks of several compactors, the pod that compacts, and who takes all other requests.
STACKS = {
    "production": ("loki-backend-0.loki-backend-headless", "loki-write"),
    "unusual": ("loki-0.loki-headless", "loki"),
    "distributed": ("loki-compactor-0.loki-compactor-headless", "loki-distributor"),
}
PASSWORD = "a password of the tests"
WANTED = "/loki/api/v1/delete?query=%7Bapp%3D%22a%22%7D&start=1&end=2"


class Upstream(ThreadingHTTPServer):
    """Answers with its name, the method and the path that it was asked, and for which tenant."""

    def __init__(self, name: str, port: int) -> None:
        """`name` is the host that it stands for."""
        super().__init__((LOOPBACK, port), Answer)
        self.name = name


class Answer(BaseHTTPRequestHandler):
    """One request."""

    def answer(self) -> None:
        """Say who was asked for what."""
        assert isinstance(self.server, Upstream)
        tenant = self.headers["X-Scope-OrgID"]
        said = f"{self.server.name} {self.command} {self.path}{f' as {tenant}' if tenant else ''}".encode()
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
    nginx()
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
    text = re.sub(r"http://loki[\w-]*\.[\w.-]+:3100", f"http://{LOOPBACK}:9", text)  # asked for nothing here
    text = re.sub(r"listen\s+8080( ssl)?;", f"listen {LOOPBACK}:{port};", text)
    text = re.sub(r"listen\s+\[::\]:8080;", "", text)
    text = re.sub(r"resolver [^;]+;", f"resolver {LOOPBACK};", text).replace("/tmp/", f"{tmp_path}/")  # noqa: S108 - what is replaced
    hashes = tmp_path / ".htpasswd"
    hashed = run(["openssl", "passwd", "-apr1", "-stdin"], PASSWORD).stdout.strip()
    hashes.write_text("".join(f"{user}:{hashed}\n" for user in (OWN_USER, *users_of(settings))))
    text = text.replace("/etc/nginx/secrets/.htpasswd", str(hashes))
    (tmp_path / "nginx.conf").write_text(text)
    with upstreams(dict(zip(STACKS[stack], ports, strict=True))):
        process = subprocess.Popen(nginx_command(tmp_path))
        try:
            with httpx.Client(base_url=f"http://{LOOPBACK}:{port}", timeout=60, auth=(OWN_USER, PASSWORD)) as client:
                wait(client)
                yield client
        finally:
            process.terminate()
            process.wait(60)


def users_of(settings: Settings) -> dict[str, str]:
    """The gateway's users and their tenants."""
    return {tenant.user: tenant.name for tenant in settings.tenants if tenant.user}


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
    deadline = time.monotonic() + 120
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


def test_a_tenants_delete_request_reaches_that_pod_as_the_tenants_whatever_it_says(
    stack: str, gateway: httpx.Client
) -> None:
    for user, tenant in users_of(settings_of(stack)).items():
        answer = gateway.post(WANTED, auth=(user, PASSWORD), headers={"X-Scope-OrgID": "another"})
        assert answer.text == f"{STACKS[stack][0]} POST {WANTED} as {tenant}"


def test_a_push_goes_where_it_went(stack: str, gateway: httpx.Client) -> None:
    assert gateway.post("/loki/api/v1/push", content=b"{}").text == f"{STACKS[stack][1]} POST /loki/api/v1/push"


def test_nobody_outside_can_ask_for_the_leaders_own_location(gateway: httpx.Client) -> None:
    assert gateway.get("/compactor-leader/delete").status_code == 404
