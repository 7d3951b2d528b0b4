"""The gateway on this machine: the real nginx with the chart's configuration, in front of a local run's Loki."""

import base64
import os
import re
import shutil
import socket
import time
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from logstack.localrun.layout import LOOPBACK, Layout, free_ports
from logstack.localrun.processes import Fleet
from logstack.settings.tree import Settings
from tests.support.real import chart_or_standin, render_chart
from tests.support.stacks import chart_values

_READY_SECONDS = 120


def nginx() -> Path:
    """Return the path of nginx; without it skip the test, or fail where LOGSTACK_REQUIRE_NGINX is 1."""
    path = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if path:
        return Path(path)
    reason = "nginx is not here: apt-get install nginx-light"
    if os.environ.get("LOGSTACK_REQUIRE_NGINX") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def chart_config(settings: Settings, directory: Path) -> str:
    """Return nginx.conf as the pinned chart writes it for a stack, or without that chart the stand-in."""
    values = chart_values(settings, "loki")
    objects = render_chart(chart_or_standin("loki"), settings.cluster.namespace, values, directory, "loki")
    maps = [each for each in objects if (each["kind"], each["metadata"]["name"]) == ("ConfigMap", "loki-gateway")]
    (config_map,) = maps
    return str(config_map["data"]["nginx.conf"])


def local_nginx(config: str, layout: Layout | None, port: int, root: Path) -> str:
    """Return nginx.conf for this machine: with its folders, its port, and Loki's processes instead of Services."""
    config = config.replace("/tmp/", f"{root}/").replace("/etc/nginx/secrets", str(root))  # noqa: S108 - the chart's
    config = re.sub(r"^\s*(listen\s+\[::\]:|resolver ).*\n", "", config, flags=re.MULTILINE)
    config = re.sub(r"listen(\s+)8080;", rf"listen\g<1>{LOOPBACK}:{port};", config)

    def address(match: re.Match[str]) -> str:
        # Without processes: an address that needs no name lookup.
        return (layout.of(match[1]) if match[1] else layout.fronts)[0].url if layout else f"http://{LOOPBACK}:3100"

    return re.sub(r"http://loki(?:-(\w+))?\.[\w.-]+:3100", address, config)


class Gateway:
    """A running nginx. `start` first; the fleet stops it."""

    def __init__(self, settings: Settings, layout: Layout, root: Path, fleet: Fleet) -> None:
        """`root` is a new folder."""
        self.port = free_ports(1)[0]
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.hashes = root / ".htpasswd"
        self._command = nginx_command(root)
        self._fleet = fleet
        root.mkdir(parents=True)
        (root / "nginx.conf").write_text(local_nginx(chart_config(settings, root), layout, self.port, root))

    def start(self) -> None:
        """Start nginx, and return when it answers."""
        self._fleet.start("nginx", self._command, {})
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            self._fleet.check()
            try:
                httpx.get(self.url, timeout=10).raise_for_status()
            except httpx.HTTPError:
                assert time.monotonic() < deadline, "nginx does not answer"
                time.sleep(0.1)
            else:
                return


def nginx_command(root: Path) -> list[str]:
    """Return the command of nginx in the foreground with a folder's configuration; root stays root to read it."""
    user = " user root;" if os.geteuid() == 0 else ""
    return [str(nginx()), "-p", str(root), "-c", str(root / "nginx.conf"), "-g", f"daemon off;{user}"]


def tailed(url: str, user: str, password: str, headers: Mapping[str, str], query: str, seconds: float) -> bytes:
    """Return what a tail through a web socket receives within some seconds, as raw bytes: its answer and its lines."""
    address = httpx.URL(url, path="/loki/api/v1/tail", params={"query": query, "start": "0", "limit": "100"})
    credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
    all_headers = {
        "Host": address.host,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Authorization": f"Basic {credentials}",
        **headers,
    }
    request = f"GET {address.raw_path.decode()} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in all_headers.items())
    answer = b""
    with socket.create_connection((address.host, address.port or 80), timeout=seconds) as connection:
        connection.sendall(f"{request}\r\n".encode())
        deadline = time.monotonic() + seconds
        while (seconds_left := deadline - time.monotonic()) > 0:
            connection.settimeout(seconds_left)
            try:
                received = connection.recv(65536)
            except TimeoutError:
                break
            if not received:
                break
            answer += received
    return answer
