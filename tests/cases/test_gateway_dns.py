"""The gateway while the cluster's DNS pods are replaced.

loki#14013 and mimir#11570: after a restart of CoreDNS the gateway answered 502, `loki-read.monitoring.svc.cluster.local
could not be resolved (110: Operation timed out)`, until somebody restarted it.
"""

import re
import socket
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
from logstack.settings.tree import Settings
from tests.cases.pods import STACKS
from tests.support.dns import Dns
from tests.support.gateway import chart_config, local_nginx, nginx_command

pytestmark = pytest.mark.real

TTL = 1
# Longer than the answer is remembered.
LATER = 2 * TTL
# Less than nginx's resolver_timeout of 30 s: who waits longer does not get its answer.
PATIENCE = 3.0
ROUNDS = 3
PATHS = ("/loki/api/v1/push", "/loki/api/v1/labels", "/loki/api/v1/rules")


class Loki(ThreadingHTTPServer):
    """Answers everything."""

    address_family = socket.AF_INET6

    def __init__(self, port: int) -> None:
        """On both IP families, as `localhost` may be either."""
        super().__init__(("::", port), Answer)


class Answer(BaseHTTPRequestHandler):
    """One request."""

    def answer(self) -> None:
        """Say that it arrived."""
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = answer  # noqa: N815 - the library's names

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def gateway(config: str, dns: Dns, root: Path) -> Iterator[httpx.Client]:
    """The real nginx of a stack, before a Loki whose name is this machine's, with one worker and so one socket."""
    port, loki_port = free_ports(2)
    config = re.sub(r"http://loki[\w.-]*:3100", f"http://localhost:{loki_port}", config)
    config = local_nginx(config, None, port, root).replace("\nhttp {", f"\nhttp {{\n  resolver {LOOPBACK}:{dns.port};")
    config = f"{re.sub(r'worker_processes [^;]+;', '', config)}\nworker_processes 1;\n"
    (root / "nginx.conf").write_text(config)
    server = Loki(loki_port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    process = subprocess.Popen(nginx_command(root))
    try:
        with httpx.Client(base_url=f"http://{LOOPBACK}:{port}", timeout=PATIENCE) as client:
            yield client
    finally:
        process.terminate()
        process.wait(60)
        server.shutdown()
        server.server_close()


def answers(client: httpx.Client, path: str) -> bool:
    """Whether a request comes through in time."""
    try:
        return client.get(path).status_code == 200
    except httpx.TransportError:
        return False


def wait_for(client: httpx.Client) -> None:
    deadline = time.monotonic() + 60
    while not all(answers(client, path) for path in PATHS):
        assert time.monotonic() < deadline, "nginx does not answer"
        time.sleep(0.1)


def without_services(config: str) -> str:
    """The configuration as the chart has it."""
    text, count = re.subn(r"location = /services/[\w-]+ \{[^}]*\}", "", config)
    assert count
    return text


@pytest.mark.parametrize("stack", STACKS)
def test_requests_succeed_while_dns_is_away_and_after_its_pods_are_replaced(stack: str, tmp_path: Path) -> None:
    config = chart_config(Settings.model_validate(STACKS[stack]), tmp_path)
    with Dns(TTL) as dns, gateway(config, dns, tmp_path) as client:
        wait_for(client)
        dns.go_away()
        time.sleep(LATER)
        assert all(answers(client, path) for path in PATHS * ROUNDS)
        dns.replace_pods()
        assert all(answers(client, path) for path in PATHS * ROUNDS)


def test_chart_without_logstacks_locations_has_the_fault(tmp_path: Path) -> None:
    """So that the test above would see it, and our locations go when the chart needs them no more."""
    config = without_services(chart_config(Settings.model_validate(STACKS["simple-scalable"]), tmp_path))
    with Dns(TTL) as dns, gateway(config, dns, tmp_path) as client:
        wait_for(client)
        assert dns.answered
        dns.go_away()
        time.sleep(LATER)
        assert not answers(client, PATHS[0])
        dns.replace_pods()
        assert not any(answers(client, PATHS[0]) for _ in range(ROUNDS))


@pytest.mark.parametrize("stack", STACKS)
def test_gateway_looks_up_every_service_when_it_starts(stack: str, tmp_path: Path) -> None:
    config = chart_config(Settings.model_validate(STACKS[stack]), tmp_path)
    asked = set(re.findall(r'set \$(?:backend|loki) +"?(http://[^";]+)', config))
    assert asked
    assert asked <= set(re.findall(r"proxy_pass +(http://[^$;]+);", config))


@pytest.mark.parametrize("path", ["/services/loki-write", "/services/loki-read"])
def test_no_client_reaches_the_locations_that_exist_for_names(path: str, tmp_path: Path) -> None:
    config = chart_config(Settings.model_validate(STACKS["simple-scalable"]), tmp_path)
    with Dns(TTL) as dns, gateway(config, dns, tmp_path) as client:
        wait_for(client)
        assert client.get(path).status_code == 404
