"""Whether the API server answers, before a server that stands in for one on loopback."""

import datetime
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pulumi
import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from components import stop_without_cluster
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
    """A stand-in: it takes one token, and says its version."""

    status = 0
    minor = "34"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        known = self.headers["Authorization"] == f"Bearer {TOKEN}"
        self._say(self.status or (201 if known else 401), {"status": {"allowed": True}, "spec": {}})

    def do_GET(self) -> None:
        said = {"major": "1", "minor": self.minor}
        rest = dict.fromkeys(("buildDate", "compiler", "gitCommit", "gitTreeState", "gitVersion", "goVersion"), "")
        self._say(200, {**rest, "platform": "", **said})

    def _say(self, status: int, document: object) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

    def log_message(self, *_: object) -> None:
        """Nothing: it is a test's server."""


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler], certificate: Path | None = None) -> Iterator[str]:
    server = ThreadingHTTPServer((LOOPBACK, 0), handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()  # how often it looks for its end
    try:
        yield f"{'https' if certificate else 'http'}://{LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def kubeconfig(folder: Path, server: str, user: object = None) -> list[Path]:
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


def refused(files: list[Path]) -> tuple[str, str]:
    """The problem's name and all of its text, in which no token may stand."""
    with pytest.raises(StackProblems) as raised:
        connect(CLUSTER, files)
    (problem,) = raised.value.problems
    assert TOKEN not in str(problem)
    assert "0x" not in str(problem)
    return problem.name, str(problem)


def test_a_server_that_takes_the_credentials_says_its_version(tmp_path: Path) -> None:
    with serving(ApiServer) as server:
        assert connect(CLUSTER, kubeconfig(tmp_path, server)).version == (1, 34)


def test_a_managed_clusters_minor_version_has_a_plus(tmp_path: Path) -> None:
    managed = type("Managed", (ApiServer,), {"minor": "33+"})
    with serving(managed) as server:
        assert connect(CLUSTER, kubeconfig(tmp_path, server)).version == (1, 33)


@pytest.mark.parametrize("user", [{"token": "expired"}, {}], ids=["an expired token", "no credentials"])
def test_credentials_that_are_not_taken_are_told_apart_from_a_server_that_is_away(tmp_path: Path, user: object) -> None:
    with serving(ApiServer) as server:
        name, text = refused(kubeconfig(tmp_path, server, user))
    assert name == "credentials-refused"
    assert "401 Unauthorized" in text
    assert "kubectl --context production auth whoami" in text


def test_a_server_in_trouble_is_told_with_its_status(tmp_path: Path) -> None:
    with serving(type("Broken", (ApiServer,), {"status": 503})) as server:
        name, text = refused(kubeconfig(tmp_path, server))
    assert name == "cluster-unreachable"
    assert "answers 503" in text


def test_a_server_that_is_not_there_is_told_with_what_to_use_instead(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    name, text = refused(kubeconfig(tmp_path, f"http://{LOOPBACK}:{port}"))
    assert name == "cluster-unreachable"
    assert "Connection refused" in text
    assert "`make plan` and `logstack diff`" in text


def test_a_server_that_says_nothing_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "_PATIENCE_SECONDS", 0.2)
    over = threading.Event()

    class Silent(ApiServer):
        def do_POST(self) -> None:
            over.wait(10)

    with serving(Silent) as server:
        name, text = refused(kubeconfig(tmp_path, server))
        over.set()
    assert name == "cluster-unreachable"
    assert "timed out" in text


def test_a_question_says_apart_what_is_missing_and_what_may_not_be_asked(tmp_path: Path) -> None:
    accepted: list[str] = []

    class Questioned(ApiServer):
        def do_GET(self) -> None:
            accepted.append(self.headers["Accept"])
            if self.path == "/version":
                super().do_GET()
            else:
                self._say(int(self.path[1:]), {"metadata": {"name": "there"}})

    with serving(Questioned) as server:
        api = connect(CLUSTER, kubeconfig(tmp_path, server))
        assert api.get("/200", "some/type") == {"metadata": {"name": "there"}}
        assert api.get("/404", "some/type") is NoAnswer.MISSING
        assert api.get("/403", "some/type") is NoAnswer.NOT_ALLOWED
        with pytest.raises(StackProblems, match="answers 500"):
            api.get("/500", "some/type")
    assert accepted == ["application/json", *["some/type"] * 4]


def test_a_question_without_an_answer_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "_PATIENCE_SECONDS", 0.2)
    over = threading.Event()

    class Slow(ApiServer):
        def do_GET(self) -> None:
            if self.path != "/version":
                over.wait(10)
            super().do_GET()

    with serving(Slow) as server:
        api = connect(CLUSTER, kubeconfig(tmp_path, server))
        with pytest.raises(StackProblems, match=r"cluster-unreachable[\s\S]*timed out"):
            api.get("/api/v1/nodes", "application/json")
        over.set()


def test_the_log_in_command_is_run_once_for_all_questions(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    user = plugin("sh", "-c", f"echo once >>{runs}; echo '{credential(token=TOKEN)}'")
    with serving(ApiServer) as server:
        api = connect(CLUSTER, kubeconfig(tmp_path, server, user))
        for _ in range(3):
            api.get("/version", "application/json")
    assert runs.read_text() == "once\n"


def test_a_certificate_that_nobody_vouches_for_is_told(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "somebody")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    signed = (
        made.serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem, plain, nothing = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    certificate = tmp_path / "server.pem"
    certificate.write_bytes(key.private_bytes(pem, plain, nothing) + signed.public_bytes(pem))
    with serving(ApiServer, certificate) as server:
        problem, text = refused(kubeconfig(tmp_path, server))
    assert problem == "certificate-not-trusted"
    assert "self-signed certificate" in text


def test_a_user_whose_files_are_gone_is_told(tmp_path: Path) -> None:
    missing = {"client-certificate": "/nowhere/user.crt", "client-key": "/nowhere/user.key"}
    name, text = refused(kubeconfig(tmp_path, "https://127.0.0.1:1", missing))
    assert name == "kubeconfig-unusable"
    assert "/nowhere/user.crt" in text


def plugin(command: str, *arguments: str) -> dict[str, object]:
    """A user whom a command logs in, as those of EKS, GKE and AKS are."""
    return {"exec": {"apiVersion": PLUGIN, "command": command, "args": list(arguments), "interactiveMode": "Never"}}


def credential(**status: str) -> str:
    return json.dumps({"apiVersion": PLUGIN, "kind": "ExecCredential", "status": status})


def test_a_command_that_logs_in_is_run(tmp_path: Path) -> None:
    with serving(ApiServer) as server:
        user = plugin("echo", credential(token=TOKEN))
        assert connect(CLUSTER, kubeconfig(tmp_path, server, user)).version == (1, 34)


@pytest.mark.parametrize(
    ("user", "said"),
    [
        (plugin("no-such-command"), "No such file or directory: 'no-such-command'"),
        (plugin("sh", "-c", "echo the session has expired >&2; exit 3"), "returned 3. the session has expired"),
        (plugin("echo", "welcome"), "failed to decode process output"),
        (plugin("echo", credential(tokn=TOKEN)), "missing token"),
        ({"exec": {"apiVersion": PLUGIN, "command": "echo", "env": [{"value": TOKEN}]}}, "Expected key name"),
    ],
    ids=["not there", "fails", "says something else", "gives no token", "is not said right"],
)
def test_a_command_that_does_not_log_in_is_told_with_its_own_words(
    tmp_path: Path, user: object, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(ApiServer) as server:
        name, text = refused(kubeconfig(tmp_path, server, user))
    assert name == "log-in-failed"
    assert said in text
    assert "kubectl --context production auth whoami" in text
    assert caplog.text == "", "told once"


@pytest.mark.parametrize("minor", ["", "thirty"])
def test_a_version_that_is_none_is_told(tmp_path: Path, minor: str) -> None:
    with serving(type("Strange", (ApiServer,), {"minor": minor})) as server:
        name, text = refused(kubeconfig(tmp_path, server))
    assert name == "cluster-unreachable"
    assert "answers, but not as Kubernetes does" in text


@pytest.mark.parametrize("page", [b"<html>Who are you?</html>", b"{}", b"[]"])
def test_what_answers_and_is_no_api_server_is_told(tmp_path: Path, page: bytes) -> None:
    class Page(ApiServer):
        def _say(self, status: int, document: object) -> None:
            del status, document
            self.send_response(200)
            self.end_headers()
            self.wfile.write(page)

    with serving(Page) as server:
        name, text = refused(kubeconfig(tmp_path, server))
    assert name == "cluster-unreachable"
    assert "answers, but not as Kubernetes does" in text


@pytest.mark.parametrize(
    ("content", "said"),
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
def test_a_file_that_is_no_kubeconfig_is_told_without_its_words(
    tmp_path: Path, content: str | bytes, said: str
) -> None:
    file = tmp_path / "config"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(StackProblems) as raised:
        refuse_wrong_cluster(CLUSTER, [file])
    assert said in str(raised.value)
    assert TOKEN not in str(raised.value)


def test_credentials_in_the_wrong_place_of_a_kubeconfig_are_not_shown(tmp_path: Path) -> None:
    files = kubeconfig(tmp_path, "https://127.0.0.1:1")
    document = yaml.safe_load(files[0].read_text())
    document["users"] = [{"name": "u", "token": TOKEN}]
    files[0].write_text(yaml.safe_dump(document))
    name, text = refused(files)
    assert name == "kubeconfig-unusable"
    assert "Expected key user" in text


def test_a_certificate_that_is_none_is_told(tmp_path: Path) -> None:
    user = {"client-certificate-data": "!!!", "client-key-data": "x"}
    name, text = refused(kubeconfig(tmp_path, "https://127.0.0.1:1", user))
    assert name == "kubeconfig-unusable"
    assert "base64" in text


def test_an_empty_file_among_several_is_passed_over_as_kubectl_does(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    with serving(ApiServer) as server:
        assert connect(CLUSTER, [empty, *kubeconfig(tmp_path, server)]).version == (1, 34)


def test_a_program_ends_with_the_problem_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(type("Old", (ApiServer,), {"minor": "24"})) as server:
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path, server)[0]))
        with pytest.raises(pulumi.RunError, match=r"kubernetes-too-old[\s\S]*is Kubernetes 1\.24"):
            stop_without_cluster(CLUSTER)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nowhere"))
    with pytest.raises(pulumi.RunError, match=r"nowhere, which does not exist[\s\S]*`make plan`"):
        stop_without_cluster(CLUSTER)
