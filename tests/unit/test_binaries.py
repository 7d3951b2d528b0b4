"""The pinned binaries: where they are obtained, how they are built, and what the command shows."""

import errno
import io
import os
import select
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from logstack.binaries import build as building
from logstack.binaries import cache, catalog
from logstack.binaries.catalog import BINARIES, Binary, GoModule, Machine, Release
from logstack.binaries.command import main
from logstack.binaries.errors import ToolError
from logstack.binaries.obtain import Located, find, install, obtain, obtain_without_build
from logstack.binaries.report import Bars, Lines, Progress

VERSION = "1.2.3"

SUCCESSFUL_BUILD = """
echo example.com/dependency
for name in toy spare; do
    echo '#!/bin/sh
echo toy 1.2.3' > "$4$name"; /bin/chmod +x "$4$name"
done"""
FAILED_BUILD = """
echo example.com/dependency
echo '# example.com/toy'
echo 'toy.go:3:1: undefined: frobnicate'
exit 1"""


def printing_program(output: str) -> str:
    return f"#!/bin/sh\necho '{output}'\n"


def write_program(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


class Notes:
    """A report that records its notes, and calls a function for each one."""

    def __init__(self, on_note: Callable[[str], object] = str) -> None:
        self.notes: list[str] = []
        self._on_note = on_note

    def note(self, text: str) -> None:
        self.notes.append(text)
        self._on_note(text)

    @contextmanager
    def task(self, title: str) -> Iterator[Progress]:
        def progress(done: float, text: str) -> None:
            assert 0.0 <= done <= 1.0, (title, text)

        yield progress

    @property
    def text(self) -> str:
        return "\n".join(self.notes)


@dataclass
class Bench:
    """A machine with nothing on PATH, an empty cache, and two pinned binaries of one module."""

    path: Path
    module: GoModule
    toy: Binary
    report: Notes = field(default_factory=Notes)

    def install(self, *names: str) -> tuple[Located, ...]:
        return install(names or ("toy",), self.report)

    def fake_go(self, build: str, version: str = "go1.26.0") -> None:
        write_program(
            self.path / "go",
            f"""#!/bin/sh
echo "$1 GOFLAGS=$GOFLAGS GOTOOLCHAIN=$GOTOOLCHAIN CGO_ENABLED=$CGO_ENABLED GOOS=$GOOS $*" >> "{self.path}/go.log"
case $1 in
version) echo go version {version} linux/amd64 ;;
list)
    echo go: downloading example.com/dependency v1.0.0
    echo example.com/dependency=true; echo example.com/cached=false; echo example.com/toy=true ;;
build) {build} ;;
esac
""",
        )

    def go_calls(self, command: str) -> list[str]:
        log = self.path / "go.log"
        return [line for line in log.read_text().splitlines() if line.startswith(command)] if log.exists() else []

    def cached_names(self) -> list[str]:
        return sorted(path.name for path in cache.root().glob("bin/*/*"))

    def workspace_files(self) -> list[Path]:
        return list(cache.root().glob("work/toys/*"))


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    path = tmp_path / "path"
    folder = tmp_path / "toys"
    for directory in (path, folder):
        directory.mkdir()
    (folder / "go.mod").write_text("module example.com/toys\n")
    module = GoModule(folder, cold_seconds=90, ldflags="-X main.version=1.2.3", tags="netgo")
    toy = Binary("toy", VERSION, "example.com/toy", module)
    spare = Binary("spare", VERSION, "example.com/spare", module)
    monkeypatch.setattr(catalog, "BINARIES", {"toy": toy, "spare": spare})
    monkeypatch.setenv("PATH", str(path))
    monkeypatch.setenv("LOGSTACK_CACHE", str(tmp_path / "cache"))
    for proxy in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(proxy, raising=False)
    return Bench(path, module, toy)


@pytest.fixture
def on_demand(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A bench with a toy that is obtained on demand, and a Go that builds it."""
    monkeypatch.setattr(catalog, "BINARIES", {**catalog.BINARIES, "toy": replace(bench.toy, on_demand=True)})
    bench.fake_go(SUCCESSFUL_BUILD)
    return bench


@dataclass
class Server:
    """The download server of a project."""

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def publish(self, binary: Binary, archive: bytes, *, name: str = "toy.zip", sums: str | None = None) -> Binary:
        """Publish a release of the binary, with its checksum unless a text is given, and return the binary."""
        self.files |= {f"/{name}": archive, "/sums": (sums or f"{sha256(archive).hexdigest()} *{name}\n").encode()}
        return replace(binary, release=Release(f"{self.url}/{name}", f"{self.url}/sums", "toy-{arch}"))


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            download_server.requests.append(self.path)
            content = download_server.files.get(self.path)
            self.send_response(200 if content is not None else 404)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    download_server = Server(f"http://127.0.0.1:{httpd.server_port}")
    serving = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    serving.start()
    yield download_server
    httpd.shutdown()
    serving.join()
    httpd.server_close()


def zip_archive(text: str = printing_program("toy 1.2.3"), member: str = "") -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("README.md", "toys")
        archive.writestr(member or f"toy-{Machine.this().architecture}", text)
    return content.getvalue()


def tar_archive(text: str = printing_program("toy 1.2.3")) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        entry = tarfile.TarInfo(f"a folder/toy-{Machine.this().architecture}")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text.encode()))
    return content.getvalue()


# The pins.


@pytest.mark.parametrize(
    ("name", "go_module"),
    [
        ("loki", "github.com/grafana/loki/v3"),
        ("logcli", "github.com/grafana/loki/v3"),
        ("lokitool", "github.com/grafana/loki/v3"),
        ("loki-canary", "github.com/grafana/loki/v3"),
        ("versitygw", "github.com/versity/versitygw"),
        ("helm", "helm.sh/helm/v3"),
        ("alloy", "github.com/grafana/alloy"),
        ("prometheus-config-reloader", "github.com/prometheus-operator/prometheus-operator"),
        ("alloysyntax", "github.com/grafana/alloy/syntax"),
        ("actionlint", "github.com/rhysd/actionlint"),
        ("gitleaksamples", "github.com/zricethezav/gitleaks/v8"),
    ],
)
def test_go_module_requires_the_pinned_version(name: str, go_module: str) -> None:
    assert required_versions(BINARIES[name], go_module) == [f"v{BINARIES[name].version}"]


def test_alloysyntax_has_the_version_that_the_pinned_alloy_requires() -> None:
    assert required_versions(BINARIES["alloy"], "github.com/grafana/alloy/syntax") == [
        f"v{BINARIES['alloysyntax'].version}"
    ]


def test_gitleaksamples_has_the_rules_of_the_pinned_alloy() -> None:
    assert required_versions(BINARIES["alloy"], "github.com/zricethezav/gitleaks/v8") == [
        f"v{BINARIES['gitleaksamples'].version}"
    ]


@pytest.mark.parametrize("binary", BINARIES.values(), ids=str)
def test_go_module_lists_a_foreign_program_as_a_tool(binary: Binary) -> None:
    is_own_module = go_mod(binary).splitlines()[0] == f"module {binary.package}"
    assert is_own_module or binary.package in go_mod(binary).replace("tool ", "").split()


def required_versions(binary: Binary, go_module: str) -> list[str]:
    lines = [line.removeprefix("require").split() for line in go_mod(binary).splitlines()]
    return [words[1] for words in lines if words[:1] == [go_module]]


def go_mod(binary: Binary) -> str:
    return (binary.module.folder / "go.mod").read_text()


@pytest.mark.parametrize(
    ("name", "machine", "archive", "member"),
    [
        (
            "loki-canary",
            Machine("linux", "amd64"),
            "https://github.com/grafana/loki/releases/download/v3.7.8/loki-canary-linux-amd64.zip",
            "loki-canary-linux-amd64",
        ),
        (
            "versitygw",
            Machine("linux", "amd64"),
            "https://github.com/versity/versitygw/releases/download/v1.8.0/versitygw_v1.8.0_Linux_x86_64.tar.gz",
            "versitygw",
        ),
        (
            "versitygw",
            Machine("darwin", "arm64"),
            "https://github.com/versity/versitygw/releases/download/v1.8.0/versitygw_v1.8.0_Darwin_arm64.tar.gz",
            "versitygw",
        ),
        (
            "alloy",
            Machine("darwin", "arm64"),
            "https://github.com/grafana/alloy/releases/download/v1.19.0/alloy-darwin-arm64.zip",
            "alloy-darwin-arm64",
        ),
        ("helm", Machine("linux", "arm64"), "https://get.helm.sh/helm-v3.21.4-linux-arm64.tar.gz", "helm"),
    ],
)
def test_release_is_the_one_for_the_machine(name: str, machine: Machine, archive: str, member: str) -> None:
    release = BINARIES[name].release
    assert release
    download = release.on(machine, BINARIES[name].version)
    assert (download.archive, download.member) == (archive, member)
    assert download.checksums.startswith(archive.rpartition("/")[0])


# PATH and cache.


@pytest.mark.parametrize(
    "output", ["toy, version 1.2.3 (branch: HEAD)", "v1.2.3", 'Version:"v1.2.3"', "Version  : 1.2.3"]
)
def test_obtain_uses_the_pinned_version_on_path(bench: Bench, output: str) -> None:
    program_path = write_program(bench.path / "toy", printing_program(output))
    assert find("toy") == program_path
    assert obtain("toy", report=bench.report) == {"toy": program_path}


@pytest.mark.parametrize("output", ["1.2.30", "11.2.3", "1.2.3-rc.1", "1.2.3+fork", "1.2.4, built with go1.2.3", ""])
def test_install_ignores_another_version_on_path_with_a_note(bench: Bench, output: str) -> None:
    write_program(bench.path / "toy", printing_program(output))
    bench.fake_go(SUCCESSFUL_BUILD)
    assert find("toy") is None
    assert bench.install()[0].origin == "build"
    assert f"says {output or 'nothing'!r}, not 1.2.3: not used" in bench.report.text


def test_install_ignores_a_file_on_path_that_does_not_run_with_a_note(bench: Bench) -> None:
    write_program(bench.path / "toy", "#!/no/such/interpreter\n")
    bench.fake_go(SUCCESSFUL_BUILD)
    assert bench.install()[0].origin == "build"
    assert "does not run" in bench.report.text


def test_install_uses_the_cache_without_network_and_go(bench: Bench) -> None:
    cached_program = cache.installed_path(bench.toy)
    cached_program.parent.mkdir(parents=True)
    write_program(cached_program, printing_program("toy 1.2.3"))
    assert find("toy") == cached_program
    assert [located.origin for located in bench.install()] == ["cache"]
    assert bench.report.notes == []


def test_cache_path_depends_on_go_sum_and_build_flags(bench: Bench) -> None:
    original = cache.installed_path(bench.toy)
    (bench.module.folder / "go.sum").write_text("example.com/dependency v1.0.1 h1:0=\n")
    with_go_sum = cache.installed_path(bench.toy)
    with_tag = cache.installed_path(replace(bench.toy, module=replace(bench.module, tags="other")))
    assert len({original, with_go_sum, with_tag}) == 3


@pytest.mark.parametrize(
    ("environment", "root"),
    [
        ({"LOGSTACK_CACHE": "~/own", "XDG_CACHE_HOME": "/xdg"}, "/home/me/own"),
        ({"LOGSTACK_CACHE": "", "XDG_CACHE_HOME": "/xdg"}, "/xdg/logstack"),
        ({"LOGSTACK_CACHE": "", "XDG_CACHE_HOME": ""}, "/home/me/.cache/logstack"),
    ],
)
def test_cache_root_follows_the_environment(
    environment: Mapping[str, str], root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"HOME": "/home/me", **environment}.items():
        monkeypatch.setenv(name, value)
    assert str(cache.root()) == root


def test_install_refuses_an_unknown_name_with_the_known_ones(bench: Bench) -> None:
    with pytest.raises(ToolError, match="Known binaries: toy, spare"):
        bench.install("tyo")


# Releases.


@pytest.mark.parametrize(
    ("archive", "name"), [(zip_archive(), "toy.zip"), (tar_archive(), "toy.tar.gz")], ids=["zip", "tar.gz"]
)
def test_install_checks_unpacks_and_caches_a_release(
    bench: Bench, server: Server, monkeypatch: pytest.MonkeyPatch, archive: bytes, name: str
) -> None:
    monkeypatch.setattr(catalog, "BINARIES", {"toy": server.publish(bench.toy, archive, name=name)})
    (located,) = bench.install()
    assert (located.origin, located.path) == ("release", cache.installed_path(bench.toy))
    assert cache.wrong_version(located.path, bench.toy) is None
    assert bench.workspace_files() == []
    assert bench.install()[0].origin == "cache"
    assert server.requests == ["/sums", f"/{name}"]


@pytest.mark.parametrize(
    ("archive", "sums", "reason"),
    [
        (zip_archive(), f"{'0' * 64}  toy.zip", "but 0000"),
        (zip_archive(), f"{sha256(zip_archive()).hexdigest()}  toy.zip.sbom\n", "no checksum of toy.zip"),
        (zip_archive()[:-30], None, "cannot be unpacked"),
        (zip_archive(member="other"), None, "has no file toy-"),
        (zip_archive(printing_program("toy 1.2.2")), None, "says 'toy 1.2.2', not 1.2.3"),
    ],
    ids=["mismatch", "no checksum", "truncated", "without the file", "another version"],
)
def test_install_builds_from_source_when_a_release_is_wrong(
    bench: Bench, server: Server, monkeypatch: pytest.MonkeyPatch, archive: bytes, sums: str | None, reason: str
) -> None:
    monkeypatch.setattr(catalog, "BINARIES", {"toy": server.publish(bench.toy, archive, sums=sums)})
    bench.fake_go(SUCCESSFUL_BUILD)
    assert bench.install()[0].origin == "build"
    assert "toy: no release used" in bench.report.notes[0]
    assert reason in bench.report.notes[0]


def test_install_refuses_a_truncated_tar(bench: Bench, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tar_archive(printing_program("toy 1.2.3") + os.urandom(4096).hex())[:2000]
    monkeypatch.setattr(catalog, "BINARIES", {"toy": server.publish(bench.toy, archive, name="toy.tar.gz")})
    with pytest.raises(ToolError, match=r"toy\.tar\.gz cannot be unpacked"):
        bench.install()
    assert bench.cached_names() == []


def test_install_names_a_release_that_is_gone(bench: Bench, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    released = server.publish(bench.toy, zip_archive())
    server.files.clear()
    monkeypatch.setattr(catalog, "BINARIES", {"toy": released})
    with pytest.raises(ToolError, match="/sums answers 404"):
        bench.install()


def test_install_asks_a_failing_host_once_for_all_binaries(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    accepted = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def hang_up() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                accepted.append(connection)
                connection.close()

        hanging_up = threading.Thread(target=hang_up)
        hanging_up.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        release = Release(f"{url}/toy.zip", f"{url}/sums", "toy")
        monkeypatch.setattr(
            catalog, "BINARIES", {name: replace(bench.toy, name=name, release=release) for name in ("toy", "spare")}
        )
        bench.fake_go(SUCCESSFUL_BUILD)
        assert [located.origin for located in bench.install("toy", "spare")] == ["build", "build"]
        listening.shutdown(socket.SHUT_RDWR)
        hanging_up.join()
    assert len(accepted) == 1
    assert bench.report.notes[0].startswith("toy, spare: no release used, 127.0.0.1 cannot be reached")


def test_install_builds_from_source_when_the_proxy_is_unusable(
    bench: Bench, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "BINARIES", {"toy": server.publish(bench.toy, zip_archive())})
    monkeypatch.setenv("ALL_PROXY", "gopher://127.0.0.1:1")
    bench.fake_go(SUCCESSFUL_BUILD)
    assert bench.install()[0].origin == "build"
    assert "gopher" in bench.report.notes[0]


# Without a build.


def test_obtain_without_build_tries_path_then_the_cache_then_the_release(
    bench: Bench, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "BINARIES", {"toy": server.publish(bench.toy, zip_archive())})
    assert [obtain_without_build("toy", bench.report) for _ in range(2)] == [cache.installed_path(bench.toy)] * 2
    assert server.requests == ["/sums", "/toy.zip"]
    program_path = write_program(bench.path / "toy", printing_program("1.2.3"))
    assert obtain_without_build("toy", bench.report) == program_path
    assert bench.report.notes == []


@pytest.mark.parametrize(
    ("released", "reason"),
    [(False, "toy: it has no official release"), (True, "toy: no release used, {url}/sums answers 404")],
)
def test_obtain_without_build_gives_none_and_the_reason_when_there_is_no_binary(
    bench: Bench, server: Server, monkeypatch: pytest.MonkeyPatch, *, released: bool, reason: str
) -> None:
    if released:
        monkeypatch.setattr(catalog, "BINARIES", {"toy": server.publish(bench.toy, zip_archive())})
        server.files.clear()
    bench.fake_go(SUCCESSFUL_BUILD)
    assert obtain_without_build("toy", bench.report) is None
    assert bench.report.notes == [reason.format(url=server.url)]
    assert bench.go_calls("") == []


def test_obtain_without_build_does_not_wait_for_another_process(
    bench: Bench, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "BINARIES", {"toy": server.publish(bench.toy, zip_archive())})
    with cache.workspace(bench.module, bench.report):
        assert obtain_without_build("toy", bench.report) is None
    assert bench.report.notes == ["toy: no release used, another process is obtaining toys"]
    assert server.requests == []


# Builds.


def test_build_option_builds_once_despite_path_and_release(
    bench: Bench, server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(catalog, "BINARIES", {"toy": server.publish(bench.toy, zip_archive())})
    write_program(bench.path / "toy", printing_program("1.2.3"))
    bench.fake_go(SUCCESSFUL_BUILD)
    assert [main(["--build", "toy"]) for _ in range(2)] == [0, 0]
    printed = capsys.readouterr()
    assert [line.split()[:3] for line in printed.out.splitlines()[1::2]] == [
        ["toy", "1.2.3", "build"],
        ["toy", "1.2.3", "cache"],
    ]
    assert printed.err.count("built toy in 0.") == 1
    assert len(bench.go_calls("build")) == 1
    assert server.requests == []


def test_install_builds_verifies_and_caches_binaries_of_one_module_together(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOFLAGS", "-mod=mod")
    monkeypatch.setenv("GOTOOLCHAIN", "local")
    monkeypatch.setenv("GOOS", "plan9")
    bench.fake_go(SUCCESSFUL_BUILD)
    assert [(located.binary.name, located.origin) for located in bench.install("toy", "spare")] == [
        ("toy", "build"),
        ("spare", "build"),
    ]
    (call,) = bench.go_calls("build")
    assert call.startswith("build GOFLAGS=-mod=readonly GOTOOLCHAIN=auto CGO_ENABLED=0 GOOS= build -v -o ")
    assert call.endswith(
        "-buildvcs=false -ldflags=-s -w -X main.version=1.2.3 -tags=netgo example.com/toy example.com/spare"
    )
    assert bench.cached_names() == ["spare", "toy"]
    assert bench.workspace_files() == []
    assert [located.origin for located in bench.install("spare", "toy")] == ["cache", "cache"]


def test_build_notes_the_expected_and_the_measured_duration(bench: Bench) -> None:
    bench.fake_go(SUCCESSFUL_BUILD)
    bench.install()
    assert bench.report.notes[:2] == [
        "building toy from source: about 1 min 30 s with empty caches, measured on 2 cores",
        "2 of 3 packages to compile: about 1 min 4 s",
    ]
    assert bench.report.notes[2].startswith("built toy in 0.")


def test_failed_build_shows_the_command_and_the_error_and_leaves_nothing_behind(bench: Bench) -> None:
    bench.fake_go(FAILED_BUILD)
    with pytest.raises(ToolError) as error:
        bench.install()
    assert f"cd {bench.module.folder} && GOTOOLCHAIN=auto GOFLAGS=-mod=readonly" in error.value.what
    assert error.value.what.splitlines()[2:] == ["# example.com/toy", "toy.go:3:1: undefined: frobnicate"]
    assert bench.cached_names() == []
    assert bench.workspace_files() == []


@pytest.mark.parametrize(
    ("output", "fix"),
    [
        ("link: write: no space left on device", "Free some space"),
        ("compile: signal: killed", "memory"),
        ("verifying module: checksum mismatch; SECURITY ERROR", "Do not go on"),
        ("missing go.sum entry for module", "git checkout logstack/binaries/go"),
    ],
)
def test_failed_build_suggests_a_fix_when_the_reason_is_known(bench: Bench, output: str, fix: str) -> None:
    bench.fake_go(f"echo '{output}'; exit 1")
    with pytest.raises(ToolError) as error:
        bench.install()
    assert fix in error.value.fix


def test_install_refuses_a_build_of_another_version(bench: Bench) -> None:
    bench.fake_go(SUCCESSFUL_BUILD.replace("toy 1.2.3", "toy devel"))
    with pytest.raises(ToolError, match=r"says 'toy devel', not 1\.2\.3"):
        bench.install()
    assert bench.cached_names() == []


@pytest.mark.usefixtures("default_signals")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_build_ends_the_compilers_and_leaves_nothing_behind(bench: Bench, sent: signal.Signals) -> None:
    pipe = bench.path / "alive"
    os.mkfifo(pipe)
    # A compiler that ends only when its whole process group does.
    bench.fake_go(f'echo half > "$4toy"; (exec > "{pipe}"; trap "" INT TERM HUP; echo y; exec /bin/sleep 600) & wait')
    script = (
        "from pathlib import Path; from logstack.binaries import catalog; from logstack.binaries.command import main\n"
        f"toys = catalog.GoModule(Path({str(bench.module.folder)!r}), 90)\n"
        "catalog.BINARIES = {'toy': catalog.Binary('toy', '1.2.3', 'example.com/toy', toys)}\n"
        "raise SystemExit(main(['toy']))"
    )
    obtaining = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True)
    with pipe.open("rb", buffering=0) as compiler:
        assert compiler.read(2) == b"y\n"
        obtaining.send_signal(sent)
        assert select.select([compiler], [], [], 300)[0], "the compiler outlives the build"
        assert compiler.read(1) == b""
    assert "Traceback" not in obtaining.communicate()[1]
    assert obtaining.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}[sent]
    assert bench.cached_names() == []
    assert bench.workspace_files() == []


def test_install_removes_the_leftovers_of_a_killed_installer(bench: Bench) -> None:
    leftover = cache.root() / "work" / "toys" / "abc"
    leftover.mkdir(parents=True)
    bench.fake_go(SUCCESSFUL_BUILD)
    bench.install()
    assert bench.workspace_files() == []


def test_two_concurrent_installers_build_once(bench: Bench) -> None:
    second_waits = bench.path / "other-waits"
    bench.report = Notes(lambda text: second_waits.touch() if "waiting for it" in text else None)
    waits = f"i=0; until [ -e '{second_waits}' ] || [ $i = 30000 ]; do i=$((i + 1)); /bin/sleep 0.01; done"
    bench.fake_go(f"{waits}; {SUCCESSFUL_BUILD}")
    with ThreadPoolExecutor() as pool:
        origins = [each.result()[0].origin for each in [pool.submit(bench.install) for _ in range(2)]]
    assert sorted(origins) == ["build", "cache"]
    assert len(bench.go_calls("build")) == 1
    assert "another process is obtaining toys: waiting for it" in bench.report.notes


def test_install_lists_every_attempt_in_one_error_without_go(
    bench: Bench, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = server.publish(bench.toy, zip_archive())
    server.files.clear()
    monkeypatch.setattr(catalog, "BINARIES", {**catalog.BINARIES, "toy": released})
    with pytest.raises(ToolError) as error:
        bench.install("toy", "spare")
    assert str(error.value).splitlines()[:-1] == [
        f"what: Not in the cache {cache.root()}: toy 1.2.3, spare 1.2.3.",
        f"      - toy: no release, {server.url}/sums answers 404",
        "      - building from source: Go is not on PATH",
        "then: Whatever needs toy and spare stops here; nothing was skipped.",
    ]
    assert error.value.fix.startswith("Install Go 1.21 or newer")


def test_install_refuses_a_go_that_cannot_fetch_a_newer_one(bench: Bench) -> None:
    bench.fake_go(SUCCESSFUL_BUILD, version="go1.19.8")
    with pytest.raises(ToolError, match=r"go is only Go 1\.19"):
        bench.install()
    assert bench.go_calls("version")[0].split()[2] == "GOTOOLCHAIN=local"
    assert bench.go_calls("list") == []


# The disk.


def test_install_fails_with_a_fix_and_installs_nothing_when_the_disk_is_full(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    bench.fake_go(SUCCESSFUL_BUILD)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ToolError, match="is full") as error:
        bench.install()
    assert "LOGSTACK_CACHE" in error.value.fix
    assert bench.cached_names() == []


def test_install_fails_when_the_cache_cannot_be_written(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    not_a_folder = bench.path / "file"
    not_a_folder.touch()
    monkeypatch.setenv("LOGSTACK_CACHE", str(not_a_folder))
    bench.fake_go(SUCCESSFUL_BUILD)
    with pytest.raises(ToolError, match="cannot be written"):
        bench.install()


# What is shown.


def test_list_option_lists_without_obtaining(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.fake_go(SUCCESSFUL_BUILD)
    write_program(bench.path / "toy", printing_program("1.2.3"))
    assert main(["--list"]) == 1
    table = capsys.readouterr().out.splitlines()
    lines = [line.split() for line in table]
    assert lines[0] == ["name", "version", "from", "took", "path"]
    assert lines[1][:3] == ["toy", "1.2.3", "PATH"]
    assert table[1].endswith(f" {bench.path / 'toy'}")
    assert lines[2] == ["spare", "1.2.3", "missing"]
    assert bench.go_calls("build") == []


def test_command_obtains_all_binaries_then_lists_them(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.fake_go(SUCCESSFUL_BUILD)
    assert main([]) == 0
    assert [line.split()[2] for line in capsys.readouterr().out.splitlines()] == ["from", "build", "build"]
    assert main(["--list"]) == 0


@pytest.mark.parametrize(
    ("arguments", "obtained"),
    [([], ["spare"]), (["--build"], ["spare"]), (["toy"], ["toy"]), (["--build", "toy"], ["toy"])],
)
def test_command_obtains_an_on_demand_binary_only_by_name(
    on_demand: Bench, arguments: list[str], obtained: list[str]
) -> None:
    assert main(arguments) == 0
    assert on_demand.cached_names() == obtained


@pytest.mark.parametrize(("names", "status"), [([], 0), (["spare"], 0), (["toy"], 1), (["spare", "toy"], 1)])
def test_list_option_fails_for_an_on_demand_binary_only_by_name(
    on_demand: Bench, names: list[str], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    on_demand.install("spare")
    assert main(["--list", *names]) == status
    is_missing = "missing, on demand" in capsys.readouterr().out
    assert is_missing == (names != ["spare"])


@pytest.mark.usefixtures("bench")
def test_command_fails_with_an_error_and_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["toy"]) == 1
    assert "Go is not on PATH" in capsys.readouterr().err


def test_lines_writes_progress_to_a_log_at_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    second = 0
    monkeypatch.setattr("logstack.binaries.report.time", SimpleNamespace(monotonic=lambda: second))
    log = io.StringIO()
    with Lines(log, interval=5).task("building") as progress:
        for second in range(12):
            progress(second / 20, f"second {second}")
    assert log.getvalue() == "building: 25%, second 5\nbuilding: 50%, second 10\n"


def test_bars_writes_notes_verbatim(capsys: pytest.CaptureFixture[str]) -> None:
    report = Bars()
    with report.task("building [toy]") as progress:
        progress(0.5, "half")
    report.note("[bold]/a/path[/bold] " * 20)
    assert capsys.readouterr().err.endswith("[bold]/a/path[/bold] " * 20 + "\n")


def test_remaining_time_moves_from_the_expected_duration_to_the_actual_pace() -> None:
    assert building._remaining_seconds(expected=100, elapsed=0, done=0.0) == 100
    assert building._remaining_seconds(expected=100, elapsed=50, done=0.5) == 50
    assert building._remaining_seconds(expected=100, elapsed=180, done=0.9) == pytest.approx(18)
