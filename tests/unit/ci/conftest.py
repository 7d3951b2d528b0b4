"""Stand-ins for what the scripts in ci/ use: programs on PATH, and a forge on loopback."""

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from logstack.ci.run import run
from logstack.settings.pins import PULUMI_VERSION
from tests.support.stacks import ROOT

TOKEN = "a-token-of-the-tests-4711"


@dataclass(frozen=True)
class Answer:
    """Exit code and output of a script."""

    code: int
    stdout: str
    stderr: str


@dataclass
class Machine:
    """A folder of programs that comes first on PATH, and the environment of a job."""

    folder: Path
    environment: dict[str, str]
    scripts: Path
    """The folder ci of a checkout."""

    def install_program(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def install_pulumi(
        self, output: str = "", code: int = 0, *, stack_output: str = "staging\n", stack_code: int = 0
    ) -> None:
        """Install a stand-in for Pulumi that records its calls and prints what a test gives it."""
        (self.folder / "run.txt").write_text(output)
        (self.folder / "stack.txt").write_text(stack_output)
        self.install_program(
            "pulumi",
            f"""#!/bin/sh
echo "$*" >> "{self.folder}/calls.txt"
case $1 in
version) echo v{PULUMI_VERSION} ;;
stack) cat "{self.folder}/stack.txt"; exit {stack_code} ;;
*) cat "{self.folder}/run.txt"; exit {code} ;;
esac
""",
        )

    @property
    def calls(self) -> list[str]:
        file = self.folder / "calls.txt"
        return file.read_text().splitlines() if file.exists() else []

    @property
    def summary(self) -> str:
        return Path(self.environment["GITHUB_STEP_SUMMARY"]).read_text()

    def run(self, verb: str, stack: str, report: str = "", **environment: str) -> Answer:
        """Run `ci/<verb>` in this process: a new Python would take a second."""
        with redirect_stdout(io.StringIO()) as stdout, redirect_stderr(io.StringIO()) as stderr:
            code = run(verb, stack, self.environment | environment, self.folder / report if report else None)
        return Answer(code, stdout.getvalue(), stderr.getvalue())

    def run_script(self, name: str, *arguments: str, **environment: str) -> Answer:
        """Run a script of the repository here."""
        answer = subprocess.run(
            [self.scripts / name, *arguments],
            cwd=self.folder,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return Answer(answer.returncode, answer.stdout, answer.stderr)


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository with a .venv that runs the tests' Python, so that no script installs anything into it."""
    folder = tmp_path_factory.mktemp("checkout")
    for path in ROOT.iterdir():
        if path.name != ".venv":
            (folder / path.name).symlink_to(path)
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (folder / ".venv" / "installed").touch()
    return folder


@pytest.fixture
def machine(tmp_path: Path, checkout: Path) -> Machine:
    folder = tmp_path / "here"
    folder.mkdir()
    kubeconfig, summary = tmp_path / "kubeconfig", tmp_path / "summary.md"
    kubeconfig.touch()
    summary.touch()
    environment = {
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "KUBECONFIG": str(kubeconfig),
        "PULUMI_BACKEND_URL": "file:///states",
        "PULUMI_CONFIG_PASSPHRASE": "a passphrase of the tests",
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    return Machine(folder, environment, checkout / "ci")


@dataclass
class Request:
    method: str
    path: str
    document: Any
    headers: Mapping[str, str]


@dataclass
class Forge:
    """A stand-in for the REST APIs of GitHub and GitLab, for posts only; a page has two posts."""

    url: str = ""
    posts: list[dict[str, Any]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    status: int = 0
    """The status of every answer, unless it is 0."""
    newest: str = ""
    """The commit at the end of the branch."""
    next_page: str = ""
    """The root of the next page's address, where it is not this server's."""

    @property
    def writes(self) -> list[str]:
        """The requests that change something."""
        return [f"{request.method} {request.path}" for request in self.requests if request.method != "GET"]

    def post(self, body: str, author: str = "github-actions[bot]", key: str = "body") -> dict[str, Any]:
        number = len(self.posts) + 1
        names = {"user": {"login": author}, "author": {"username": author}}
        self.posts.append({"id": number, "number": number, "iid": number, key: body, **names})
        return self.posts[-1]

    def answer(self, request: Request, query: dict[str, list[str]]) -> tuple[int, Any, dict[str, str]]:
        self.requests.append(request)
        if self.status:
            return self.status, {"message": "refused by the stand-in"}, {"Location": "http://127.0.0.1:1/elsewhere"}
        if request.path == "/user":
            return 200, {"username": "robot"}, {}
        if "/commits/" in request.path:
            return 200, self.newest, {}
        if request.method == "POST":
            return 201, self.post(""), {}
        if request.method in ("PATCH", "PUT"):
            return 200, {}, {}
        page = int(query.get("page", ["1"])[0])
        next_link = f'<{self.next_page or self.url}{request.path}?page={page + 1}>; rel="next"'
        headers = {"Link": next_link} if len(self.posts) > page * 2 else {}
        return 200, self.posts[page * 2 - 2 : page * 2], headers


@pytest.fixture
def forge() -> Iterator[Forge]:
    stand_in = Forge()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = Request(self.command, address.path, json.loads(body or b"null"), dict(self.headers))
            status, document, headers = stand_in.answer(request, parse_qs(address.query))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(document.encode() if isinstance(document, str) else json.dumps(document).encode())

        do_POST = do_PATCH = do_PUT = do_GET  # noqa: N815 - the library's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        stand_in.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield stand_in
        server.shutdown()
        thread.join()
