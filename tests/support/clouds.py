"""A small internet with the object stores of Google and Azure: their names are the real ones, their servers are here.

Loki reaches it by HTTPS_PROXY. The proxy knows the hosts of the clouds and leads each to a server on this machine: to
fake-gcs-server, to Azurite, and to one that hands out tokens as the clouds' identity services do. So Loki runs with its
storage section as it is for the real cloud, and nothing reaches that. The tokens are worth nothing: fake-gcs-server
asks for none, and Azurite looks at their audience and their time, not at their signature.
"""

import base64
import json
import re
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar
from urllib.parse import parse_qs

import httpx
import pytest

from logstack.binaries.cache import root as cache_folder
from logstack.localrun.layout import LOOPBACK, free_ports
from logstack.localrun.processes import Fleet
from logstack.manifests.manifest import content_hash
from tests.support.guarded_store import self_signed
from tests.support.real import PATIENCE, binary

GOOGLE = "storage.googleapis.com"
AUTHORITIES = {
    "public": "login.microsoftonline.com",
    "usgovernment": "login.microsoftonline.us",
    "china": "login.chinacloudapi.cn",
}
"""The hosts that give tokens in each of Azure's clouds; the webhook of workload identity names one to the pods."""
_BLOBS = ("blob.core.windows.net", "blob.core.usgovcloudapi.net", "blob.core.chinacloudapi.cn")
_AZURITE = Path(__file__).parent / "azurite"
_INSTALL_SECONDS = 600
_READY_SECONDS = 60
# Of the blob service; Azurite knows this one.
_API_VERSION = "2021-12-02"
_TOKEN_SECONDS = 3600


def azurite() -> list[str]:
    """Return the command of the pinned Azurite, installed once by npm; skip the test without Node.js or npm."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        pytest.skip("no node or no npm on PATH: Azurite needs both")
    lock = (_AZURITE / "package-lock.json").read_text()
    target = cache_folder() / "npm" / f"azurite-{content_hash(lock)}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=target.parent) as folder:
            new = Path(folder) / "azurite"
            shutil.copytree(_AZURITE, new)
            install = [npm, "ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"]
            ran = subprocess.run(
                install, cwd=new, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False
            )
            assert ran.returncode == 0, ran.stderr[-2000:]
            with suppress(OSError):  # another test run was faster
                new.rename(target)
    return [node, str(target / "node_modules/azurite/dist/src/blob/main.js")]


def token(audience: str) -> str:
    """Return a token for a service of Azure with nobody's signature."""
    now = int(time.time())
    times = {"iat": now - 10, "nbf": now - 10, "exp": now + _TOKEN_SECONDS}
    claims = {"aud": audience, "iss": "https://sts.windows.net/tenant/", **times}
    words = (json.dumps(part).encode() for part in ({"alg": "none"}, claims))
    return ".".join([*(base64.urlsafe_b64encode(word).rstrip(b"=").decode() for word in words), "none"])


class _Tokens(BaseHTTPRequestHandler):
    """Google's metadata server on GKE, and Azure's Entra ID, as far as Loki's clients ask them."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer what the clients want to know before they ask for a token."""
        host = self.headers["host"]
        if "/computeMetadata/" in self.path:
            given = {"access_token": "of-a-pod", "expires_in": _TOKEN_SECONDS, "token_type": "Bearer"}
            self._answer(given if "/token" in self.path else "local")
        elif "/discovery/instance" in self.path:
            names = {"preferred_network": host, "preferred_cache": host, "aliases": [host]}
            found = f"https://{host}/tenant/v2.0/.well-known/openid-configuration"
            self._answer({"tenant_discovery_endpoint": found, "metadata": [names]})
        else:
            base = f"https://{host}/tenant/oauth2/v2.0"
            ends = {"token_endpoint": f"{base}/token", "authorization_endpoint": f"{base}/authorize"}
            self._answer({**ends, "issuer": f"https://{host}/tenant/v2.0"})

    def do_POST(self) -> None:
        """Exchange the service account's token for one of the audience that the client names."""
        asked = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        assert asked["client_assertion"] == [POD_TOKEN]
        audience = (asked.get("resource") or [asked["scope"][0].partition("/.default")[0]])[0]
        now = int(time.time())
        times = {"expires_in": str(_TOKEN_SECONDS), "expires_on": str(now + _TOKEN_SECONDS), "not_before": str(now)}
        self._answer({"token_type": "Bearer", "resource": audience, "access_token": token(audience), **times})

    def _answer(self, body: Mapping[str, Any] | str) -> None:
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.send_header("Metadata-Flavor", "Google")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        """Write nothing."""


POD_TOKEN = "the-token-of-the-service-account"


class _Proxy(socketserver.ThreadingTCPServer):
    """An HTTP proxy for the hosts of one internet."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int, routes: Mapping[str, int]) -> None:
        super().__init__((LOOPBACK, port), _Tunnel)
        self.routes = routes
        self.asked: list[str] = []

    def port_of(self, host: str) -> int | None:
        """Return the port of a host; None for one that does not exist here."""
        self.asked.append(host)
        return next((port for name, port in self.routes.items() if host == name or host.endswith(f".{name}")), None)


class _Tunnel(socketserver.StreamRequestHandler):
    server: _Proxy

    def handle(self) -> None:
        method, target, _ = self.rfile.readline().decode().split(" ", 2)
        while self.rfile.readline().strip():  # the headers
            pass
        port = self.server.port_of(target.partition(":")[0])
        if method != "CONNECT" or port is None:
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            return
        with socket.create_connection((LOOPBACK, port)) as server:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            answers = threading.Thread(target=_pass_on, args=(server, self.connection), daemon=True)
            answers.start()
            _pass_on(self.connection, server)
            answers.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while some := source.recv(1 << 16):
            target.sendall(some)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


class Clouds:
    """The internet with both object stores, empty; `fleet` stops the servers, `close` the rest."""

    KEY: ClassVar[str] = base64.b64encode(b"a key that no test uses").decode()

    def __init__(self, root: Path, fleet: Fleet, account: str) -> None:
        """`account` is the one storage account of Azure."""
        self._account = account
        self.certificate = root / "clouds.pem"
        key = root / "clouds-key.pem"
        hosts = [GOOGLE, *AUTHORITIES.values(), *(f"{account}.{suffix}" for suffix in _BLOBS)]
        self_signed(self.certificate, key, hosts)
        google, blobs, entra, metadata, proxy = free_ports(5)
        tls = ["-certificate", str(self.certificate), "-key", str(key)]
        fleet.start("google", [str(binary("fakegcs")), "-port", str(google), *tls], {})
        served = ["--blobHost", LOOPBACK, "--blobPort", str(blobs), "--location", str(root / "azurite"), "--silent"]
        # Without telemetry: it is sent to the outside.
        quiet = ["--disableTelemetry", "--oauth", "basic", "--cert", str(self.certificate), "--key", str(key)]
        fleet.start("azurite", [*azurite(), *served, *quiet], {"AZURITE_ACCOUNTS": f"{account}:{self.KEY}"})
        routes = {GOOGLE: google, **dict.fromkeys(_BLOBS, blobs), **dict.fromkeys(AUTHORITIES.values(), entra)}
        self._proxy = _Proxy(proxy, routes)
        tokens = ThreadingHTTPServer((LOOPBACK, entra), _Tokens)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        tokens.socket = context.wrap_socket(tokens.socket, server_side=True)
        self._metadata = f"{LOOPBACK}:{metadata}"
        self._servers: Sequence[socketserver.BaseServer] = (
            self._proxy,
            tokens,
            ThreadingHTTPServer((LOOPBACK, metadata), _Tokens),
        )
        for server in self._servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        self._pod_token = root / "pod-token"
        self._pod_token.write_text(POD_TOKEN)
        self._http = httpx.Client(
            proxy=f"http://{LOOPBACK}:{proxy}",
            verify=ssl.create_default_context(cafile=str(self.certificate)),
            timeout=PATIENCE,
        )
        for port in (google, blobs):
            self._wait(fleet, port)

    @property
    def asked(self) -> set[str]:
        """Return the hosts that somebody asked for, those that do not exist here as well."""
        return {*self._proxy.asked}

    def forget(self) -> None:
        """Begin `asked` anew."""
        self._proxy.asked.clear()

    def environment(self, environment: str) -> dict[str, str]:
        """Return a pod's variables: of this internet, of GKE, and of Azure's webhook in one of its clouds."""
        host, port = self._proxy.server_address[:2]
        return {
            "HTTPS_PROXY": f"http://{host!s}:{port}",
            "SSL_CERT_FILE": str(self.certificate),
            "GCE_METADATA_HOST": self._metadata,
            "AZURE_CLIENT_ID": "client",
            "AZURE_TENANT_ID": "tenant",
            "AZURE_FEDERATED_TOKEN_FILE": str(self._pod_token),
            "AZURE_AUTHORITY_HOST": f"https://{AUTHORITIES[environment]}/",
        }

    def create_bucket(self, name: str) -> None:
        """Create a bucket of Google's."""
        bucket = {"name": name}
        self._http.post(f"https://{GOOGLE}/storage/v1/b?project=any", json=bucket).raise_for_status()

    def objects(self, bucket: str) -> set[str]:
        """Return the keys of a bucket."""
        listed = self._http.get(f"https://{GOOGLE}/storage/v1/b/{bucket}/o").raise_for_status().json()
        return {each["name"] for each in listed.get("items", ())}

    def create_container(self, name: str) -> None:
        """Create a container of the account."""
        self._blobs("PUT", f"{name}?restype=container").raise_for_status()

    def blobs(self, container: str) -> set[str]:
        """Return the names of a container's blobs."""
        listed = self._blobs("GET", f"{container}?restype=container&comp=list").raise_for_status()
        return {*re.findall(r"<Name>([^<]*)</Name>", listed.text)}

    def close(self) -> None:
        """Stop everything that the fleet does not."""
        self._http.close()
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def _blobs(self, method: str, path: str) -> httpx.Response:
        service = f"https://{self._account}.{_BLOBS[0]}"
        headers = {"Authorization": f"Bearer {token(service)}", "x-ms-version": _API_VERSION}
        return self._http.request(method, f"{service}/{path}", headers=headers)

    @staticmethod
    def _wait(fleet: Fleet, port: int) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            fleet.check()
            try:
                socket.create_connection((LOOPBACK, port)).close()
            except OSError:
                assert time.monotonic() < deadline, f"nobody answers at port {port}"
                time.sleep(0.1)
            else:
                return
