"""The version of the API server, asked of a stand-in server on loopback, and the problems when it does not answer."""

import datetime
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from logstack.localrun.layout import free_ports
from logstack.preflight import api_server as reach
from logstack.preflight.api_server import NoAnswer, connect
from logstack.preflight.kubeconfig import refuse_wrong_cluster
from logstack.settings.model.cluster import ClusterSettings
from logstack.settings.problems import StackProblems

CLUSTER = ClusterSettings(name="production", context="production")
TOKEN = "marker-token-4e1c"
LOOPBACK = "127.0.0.1"
PLUGIN = "client.authentication.k8s.io/v1"


class ApiServer(BaseHTTPRequestHandler):
    """A stand-in that accepts one token and returns its version."""

    status = 0
    minor = "34"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        is_known = self.headers["Authorization"] == f"Bearer {TOKEN}"
        self._say(self.status or (201 if is_known else 401), {"status": {"allowed": True}, "spec": {}})

    def do_GET(self) -> None:
        version = {"major": "1", "minor": self.minor}
        empty = dict.fromkeys(("buildDate", "compiler", "gitCommit", "gitTreeState", "gitVersion", "goVersion"), "")
        self._say(200, {**empty, "platform": "", **version})

    def _say(self, status: int, document: object) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler], certificate: Path | None = None) -> Iterator[str]:
    server = ThreadingHTTPServer((LOOPBACK, 0), handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()  # interval of shutdown checks
    try:
        yield f"{'https' if certificate else 'http'}://{LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def write_kubeconfig(folder: Path, server: str, user: object = None) -> list[Path]:
    file = folder / "config"
    file.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "c", "cluster": {"server": server}}],
                "users": [{"name": "u", "user": {"token": TOKEN} if user is None else user}],
                "contexts": [{"name": "production", "context": {"cluster": "c", "user": "u"}}],
            }
        )
    )
    return [file]


def problem_of(files: list[Path]) -> tuple[str, str]:
    """Return the name and the text of the only problem, which contains no token."""
    with pytest.raises(StackProblems) as raised:
        connect(CLUSTER, files)
    (problem,) = raised.value.problems
    assert TOKEN not in str(problem)
    assert "0x" not in str(problem)
    return problem.name, str(problem)


def test_server_version_is_returned_when_the_credentials_are_accepted(tmp_path: Path) -> None:
    with serving(ApiServer) as server:
        assert connect(CLUSTER, write_kubeconfig(tmp_path, server)).version == (1, 34)


def test_server_version_is_parsed_when_a_managed_cluster_appends_a_plus(tmp_path: Path) -> None:
    managed = type("Managed", (ApiServer,), {"minor": "33+"})
    with serving(managed) as server:
        assert connect(CLUSTER, write_kubeconfig(tmp_path, server)).version == (1, 33)


@pytest.mark.parametrize("user", [{"token": "expired"}, {}], ids=["an expired token", "no credentials"])
def test_refused_credentials_are_a_problem_of_their_own(tmp_path: Path, user: object) -> None:
    with serving(ApiServer) as server:
        name, text = problem_of(write_kubeconfig(tmp_path, server, user))
    assert name == "credentials-refused"
    assert "401 Unauthorized" in text
    assert "kubectl --context production auth whoami" in text


def test_problem_contains_the_status_when_the_server_answers_an_error(tmp_path: Path) -> None:
    with serving(type("Broken", (ApiServer,), {"status": 503})) as server:
        name, text = problem_of(write_kubeconfig(tmp_path, server))
    assert name == "cluster-unreachable"
    assert "answers 503" in text


def test_problem_names_the_offline_commands_when_the_server_refuses_connections(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    name, text = problem_of(write_kubeconfig(tmp_path, f"http://{LOOPBACK}:{port}"))
    assert name == "cluster-unreachable"
    assert "Connection refused" in text
    assert "`make plan` and `logstack diff`" in text


def test_problem_is_a_timeout_when_the_server_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "_PATIENCE_SECONDS", 0.2)
    over = threading.Event()

    class Silent(ApiServer):
        def do_POST(self) -> None:
            over.wait(10)

    with serving(Silent) as server:
        name, text = problem_of(write_kubeconfig(tmp_path, server))
        over.set()
    assert name == "cluster-unreachable"
    assert "timed out" in text


def test_get_distinguishes_a_missing_object_from_a_forbidden_request(tmp_path: Path) -> None:
    accepted: list[str] = []

    class Questioned(ApiServer):
        def do_GET(self) -> None:
            accepted.append(self.headers["Accept"])
            if self.path == "/version":
                super().do_GET()
            else:
                self._say(int(self.path[1:]), {"metadata": {"name": "there"}})

    with serving(Questioned) as server:
        api = connect(CLUSTER, write_kubeconfig(tmp_path, server))
        assert api.get("/200", "some/type") == {"metadata": {"name": "there"}}
        assert api.get("/404", "some/type") is NoAnswer.MISSING
        assert api.get("/403", "some/type") is NoAnswer.NOT_ALLOWED
        with pytest.raises(StackProblems, match="answers 500"):
            api.get("/500", "some/type")
    assert accepted == ["application/json", *["some/type"] * 4]


def test_get_times_out_when_the_server_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "_PATIENCE_SECONDS", 0.2)
    over = threading.Event()

    class Slow(ApiServer):
        def do_GET(self) -> None:
            if self.path != "/version":
                over.wait(10)
            super().do_GET()

    with serving(Slow) as server:
        api = connect(CLUSTER, write_kubeconfig(tmp_path, server))
        with pytest.raises(StackProblems, match=r"cluster-unreachable[\s\S]*timed out"):
            api.get("/api/v1/nodes", "application/json")
        over.set()


def test_login_command_is_run_once_for_all_requests(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    user = plugin("sh", "-c", f"echo once >>{runs}; echo '{credential(token=TOKEN)}'")
    with serving(ApiServer) as server:
        api = connect(CLUSTER, write_kubeconfig(tmp_path, server, user))
        for _ in range(3):
            api.get("/version", "application/json")
    assert runs.read_text() == "once\n"


def test_problem_names_a_self_signed_certificate(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "somebody")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    signed_certificate = (
        builder.serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem, plain, nothing = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    certificate = tmp_path / "server.pem"
    certificate.write_bytes(key.private_bytes(pem, plain, nothing) + signed_certificate.public_bytes(pem))
    with serving(ApiServer, certificate) as server:
        problem, text = problem_of(write_kubeconfig(tmp_path, server))
    assert problem == "certificate-not-trusted"
    assert "self-signed certificate" in text


def test_problem_names_the_missing_file_of_a_user(tmp_path: Path) -> None:
    missing = {"client-certificate": "/nowhere/user.crt", "client-key": "/nowhere/user.key"}
    name, text = problem_of(write_kubeconfig(tmp_path, "https://127.0.0.1:1", missing))
    assert name == "kubeconfig-unusable"
    assert "/nowhere/user.crt" in text


def plugin(command: str, *arguments: str) -> dict[str, object]:
    """Return a user whom a command logs in, as for EKS, GKE and AKS."""
    return {"exec": {"apiVersion": PLUGIN, "command": command, "args": list(arguments), "interactiveMode": "Never"}}


def credential(**status: str) -> str:
    return json.dumps({"apiVersion": PLUGIN, "kind": "ExecCredential", "status": status})


def test_login_command_is_run_for_the_token(tmp_path: Path) -> None:
    with serving(ApiServer) as server:
        user = plugin("echo", credential(token=TOKEN))
        assert connect(CLUSTER, write_kubeconfig(tmp_path, server, user)).version == (1, 34)


@pytest.mark.parametrize(
    ("user", "message"),
    [
        (plugin("no-such-command"), "No such file or directory: 'no-such-command'"),
        (plugin("sh", "-c", "echo the session has expired >&2; exit 3"), "returned 3. the session has expired"),
        (plugin("echo", "welcome"), "failed to decode process output"),
        (plugin("echo", credential(tokn=TOKEN)), "missing token"),
        ({"exec": {"apiVersion": PLUGIN, "command": "echo", "env": [{"value": TOKEN}]}}, "Expected key name"),
    ],
    ids=["missing", "fails", "prints other text", "prints no token", "invalid in the kubeconfig"],
)
def test_problem_contains_the_output_of_a_failed_login_command(
    tmp_path: Path, user: object, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(ApiServer) as server:
        name, text = problem_of(write_kubeconfig(tmp_path, server, user))
    assert name == "log-in-failed"
    assert message in text
    assert "kubectl --context production auth whoami" in text
    assert caplog.text == "", "the message is not logged as well"


@pytest.mark.parametrize("minor", ["", "thirty"])
def test_problem_reports_a_version_that_is_no_number(tmp_path: Path, minor: str) -> None:
    with serving(type("Strange", (ApiServer,), {"minor": minor})) as server:
        name, text = problem_of(write_kubeconfig(tmp_path, server))
    assert name == "cluster-unreachable"
    assert "answers, but not as Kubernetes does" in text


@pytest.mark.parametrize("page", [b"<html>Who are you?</html>", b"{}", b"[]"])
def test_problem_reports_a_server_that_is_no_api_server(tmp_path: Path, page: bytes) -> None:
    class Page(ApiServer):
        def _say(self, status: int, document: object) -> None:
            del status, document
            self.send_response(200)
            self.end_headers()
            self.wfile.write(page)

    with serving(Page) as server:
        name, text = problem_of(write_kubeconfig(tmp_path, server))
    assert name == "cluster-unreachable"
    assert "answers, but not as Kubernetes does" in text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"users:\n  - name: [token: {TOKEN}", "is not YAML in line 2"),
        (f"token {TOKEN}", "is not a kubeconfig"),
        (f"users: [{{name: u, user: {TOKEN}}}]", "`users` is not a list"),
        (f"clusters: [{{name: c, cluster: {TOKEN}}}]", "`clusters` is not a list"),
        (f"contexts: {{production: {TOKEN}}}", "`contexts` is not a list"),
        ("contexts: [{context: {}}]", "`contexts` is not a list"),
        ("contexts: 5", "`contexts` is not a list"),
        (b"\xff\xfe", "cannot be read (UnicodeDecodeError)"),
    ],
)
def test_problem_of_an_invalid_kubeconfig_does_not_repeat_its_content(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    file = tmp_path / "config"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(StackProblems) as raised:
        refuse_wrong_cluster(CLUSTER, [file])
    assert message in str(raised.value)
    assert TOKEN not in str(raised.value)


def test_problem_does_not_show_misplaced_credentials_of_a_kubeconfig(tmp_path: Path) -> None:
    files = write_kubeconfig(tmp_path, "https://127.0.0.1:1")
    document = yaml.safe_load(files[0].read_text())
    document["users"] = [{"name": "u", "token": TOKEN}]
    files[0].write_text(yaml.safe_dump(document))
    name, text = problem_of(files)
    assert name == "kubeconfig-unusable"
    assert "Expected key user" in text


def test_problem_reports_a_certificate_that_is_not_base64(tmp_path: Path) -> None:
    user = {"client-certificate-data": "!!!", "client-key-data": "x"}
    name, text = problem_of(write_kubeconfig(tmp_path, "https://127.0.0.1:1", user))
    assert name == "kubeconfig-unusable"
    assert "base64" in text


def test_empty_kubeconfig_file_is_ignored_as_kubectl_does(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    with serving(ApiServer) as server:
        assert connect(CLUSTER, [empty, *write_kubeconfig(tmp_path, server)]).version == (1, 34)
