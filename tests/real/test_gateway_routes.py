"""The gateway's nginx, as the chart configures it: delete requests reach the leading compactor, pushes do not."""

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
from logstack.settings.tree import Settings
from tests.support.gateway import nginx, nginx_command
from tests.support.real import chart_or_standin, render_chart, run
from tests.support.stacks import chart_values, settings_of

pytestmark = pytest.mark.real

# Stacks with several compactors: the pod that compacts, and the Service that gets pushes.
STACKS = {
    "production": ("loki-backend-0.loki-backend-headless", "loki-write"),
    "unusual": ("loki-0.loki-headless", "loki"),
    "distributed": ("loki-compactor-0.loki-compactor-headless", "loki-distributor"),
}
PASSWORD = "a password of the tests"
DELETE_PATH = "/loki/api/v1/delete?query=%7Bapp%3D%22a%22%7D&start=1&end=2"


class Upstream(ThreadingHTTPServer):
    """A server that answers with its name, and with the method, the path and the tenant of the request."""

    def __init__(self, name: str, port: int) -> None:
        """`name` is the host that it replaces."""
        super().__init__((LOOPBACK, port), Answer)
        self.name = name


class Answer(BaseHTTPRequestHandler):
    """One request."""

    def answer(self) -> None:
        """Answer with the request."""
        assert isinstance(self.server, Upstream)
        tenant = self.headers["X-Scope-OrgID"]
        body = f"{self.server.name} {self.command} {self.path}{f' as {tenant}' if tenant else ''}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - the library's names

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture(params=STACKS)
def stack(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def gateway(stack: str, tmp_path: Path) -> Iterator[httpx.Client]:
    nginx()
    settings = settings_of(stack)
    values = chart_values(settings, "loki")
    objects = render_chart(chart_or_standin("loki"), settings.cluster.namespace, values, tmp_path, "loki")
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
    hashes.write_text("".join(f"{user}:{hashed}\n" for user in (OWN_USER, *tenants_by_user(settings))))
    text = text.replace("/etc/nginx/secrets/.htpasswd", str(hashes))
    (tmp_path / "nginx.conf").write_text(text)
    with upstreams(dict(zip(STACKS[stack], ports, strict=True))):
        process = subprocess.Popen(nginx_command(tmp_path))
        try:
            with httpx.Client(base_url=f"http://{LOOPBACK}:{port}", timeout=60, auth=(OWN_USER, PASSWORD)) as client:
                wait_until_ready(client)
                yield client
        finally:
            process.terminate()
            process.wait(60)


def tenants_by_user(settings: Settings) -> dict[str, str]:
    """Return the tenants of the gateway's users."""
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


def wait_until_ready(client: httpx.Client) -> None:
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
def test_gateway_sends_a_delete_request_unchanged_to_the_pod_that_compacts(
    stack: str, gateway: httpx.Client, method: str
) -> None:
    assert gateway.request(method, DELETE_PATH).text == f"{STACKS[stack][0]} {method} {DELETE_PATH}"


def test_gateway_sends_a_users_delete_request_for_the_users_tenant_whatever_it_names(
    stack: str, gateway: httpx.Client
) -> None:
    for user, tenant in tenants_by_user(settings_of(stack)).items():
        answer = gateway.post(DELETE_PATH, auth=(user, PASSWORD), headers={"X-Scope-OrgID": "another"})
        assert answer.text == f"{STACKS[stack][0]} POST {DELETE_PATH} as {tenant}"


def test_gateway_sends_a_push_to_the_writers(stack: str, gateway: httpx.Client) -> None:
    assert gateway.post("/loki/api/v1/push", content=b"{}").text == f"{STACKS[stack][1]} POST /loki/api/v1/push"


@pytest.mark.parametrize("path", ["/nothing", "/loki", "/metrics", "/loki/api/v2/push"])
def test_gateway_answers_a_path_that_is_no_api_of_loki_with_404(gateway: httpx.Client, path: str) -> None:
    assert gateway.get(path).status_code == 404


def test_gateway_hides_the_internal_location_of_the_leader(gateway: httpx.Client) -> None:
    assert gateway.get("/compactor-leader/delete").status_code == 404
