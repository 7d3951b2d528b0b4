"""Which binaries there are: their versions, official releases, and the Go modules that they are built from."""

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from logstack.settings import pins

_GO_MODULES = Path(__file__).parent / "go"

# Go's words for `uname -m`; an architecture that is not here is called the same.
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Machine:
    """The operating system and architecture that binaries are for, in Go's words."""

    system: str
    architecture: str

    @classmethod
    def this(cls) -> "Machine":
        """The machine that this runs on."""
        architecture = platform.machine().lower()
        return cls(platform.system().lower(), _ARCHITECTURES.get(architecture, architecture))


@dataclass(frozen=True)
class Release:
    """Where a project publishes a binary: URLs and a file's name, with the words of `on` in braces."""

    archive: str
    """The .zip or .tar.gz."""
    checksums: str
    """The list of SHA-256 sums with a line for the archive."""
    member: str
    """The binary's file name in the archive, in whatever folder there."""

    def on(self, machine: Machine, version: str) -> "Release":
        """This release's URLs and names for one machine and version."""
        words = {
            "version": version,
            "os": machine.system,
            "OS": machine.system.title(),
            "arch": machine.architecture,
            # As `uname` has it: GoReleaser's archives say x86_64, but arm64.
            "cpu": "x86_64" if machine.architecture == "amd64" else machine.architecture,
            "node": "x64" if machine.architecture == "amd64" else machine.architecture,  # as Node.js has it
        }
        return Release(*(text.format_map(words) for text in (self.archive, self.checksums, self.member)))


@dataclass(frozen=True)
class GoModule:
    """A folder with a go.mod and go.sum of ours, whose packages are built together."""

    folder: Path
    cold_seconds: int
    """A build of everything with empty caches, measured on 2 cores."""
    link_seconds: int = 4
    """Linking one of its binaries, which is never cached, measured on 2 cores; Loki's four take 15 s together."""
    ldflags: str = ""
    tags: str = ""

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    def recipe(self) -> str:
        """Return a short hash of a build's inputs: the sources here, go.sum's hashes and the flags."""
        digest = hashlib.sha256(f"{self.tags}\n{self.ldflags}\n".encode())
        for path in sorted([*self.folder.glob("go.*"), *self.folder.glob("*.go")]):
            digest.update(f"{path.name}\n".encode() + path.read_bytes())
        return digest.hexdigest()[:12]


@dataclass(frozen=True)
class Binary:
    """One pinned binary."""

    name: str
    version: str
    package: str
    """The Go package of its main function."""
    module: GoModule
    release: Release | None = None
    """Its official release; None for our own programs, and if the project only publishes images."""
    version_arguments: tuple[str, ...] = ("--version",)
    """The arguments that print its version."""
    on_demand: bool = False
    """Whether only its own name obtains it: its build takes too long to be part of a build of all."""

    def __str__(self) -> str:
        """Name and version, as messages say them."""
        return f"{self.name} {self.version}"


def _github(project: str, archive: str, checksums: str, member: str) -> Release:
    base = f"https://github.com/{project}/releases/download/v{{version}}"
    return Release(f"{base}/{archive}", f"{base}/{checksums}", member)


_LOKI_BUILD_INFO = "github.com/grafana/loki/v3/pkg/util/build"

_LOKI = GoModule(
    _GO_MODULES / "loki",
    cold_seconds=380,  # loki 363 s; logcli, lokitool and loki-canary share nearly all of it
    # Loki's Makefile has these as well; the branch and the revision are what a module has in place of a commit.
    ldflags=" ".join(
        f"-X {_LOKI_BUILD_INFO}.{name}={value}"
        for name, value in (("Version", pins.LOKI_VERSION), ("Branch", "HEAD"), ("Revision", "module"))
    ),
    tags="netgo",
)

_VERSITYGW = GoModule(_GO_MODULES / "versitygw", cold_seconds=168, ldflags=f"-X main.Version={pins.VERSITYGW_VERSION}")

_HELM = GoModule(
    _GO_MODULES / "helm",
    cold_seconds=97,
    ldflags=f"-X helm.sh/helm/v3/internal/version.version=v{pins.HELM_VERSION}",
)

_ALLOY_BUILD_INFO = "github.com/grafana/alloy/internal/build"

_ALLOY = GoModule(
    _GO_MODULES / "alloy",
    cold_seconds=942,
    link_seconds=27,
    # As for Loki; the last is `constants.version` in a configuration.
    ldflags=" ".join(
        f"-X {variable}={value}"
        for variable, value in (
            (f"{_ALLOY_BUILD_INFO}.Version", f"v{pins.ALLOY_VERSION}"),
            (f"{_ALLOY_BUILD_INFO}.Branch", "HEAD"),
            (f"{_ALLOY_BUILD_INFO}.Revision", "module"),
            ("github.com/grafana/alloy/syntax/internal/stdlib.Version", f"v{pins.ALLOY_VERSION}"),
        )
    ),
    # Alloy's Makefile always has the second, the faster regular expressions of loki.secretfilter.
    tags="netgo,gore2regex",
)

_PULUMI = GoModule(
    _GO_MODULES / "pulumi",
    cold_seconds=300,
    link_seconds=10,
    ldflags=f"-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={pins.PULUMI_VERSION}",
)

_CONFIG_RELOADER = GoModule(
    _GO_MODULES / "configreloader",
    cold_seconds=90,  # 177 s of processor time, on two cores
    link_seconds=6,
    ldflags=f"-X github.com/prometheus/common/version.Version={pins.CONFIG_RELOADER_VERSION}",
)

# These read their versions from their own build information.
_ACTIONLINT = GoModule(_GO_MODULES / "actionlint", cold_seconds=10)
_ALLOYSYNTAX = GoModule(_GO_MODULES / "alloysyntax", cold_seconds=7)
_FAKEGCS = GoModule(_GO_MODULES / "fakegcs", cold_seconds=110)
_GITLEAKSAMPLES = GoModule(_GO_MODULES / "gitleaksamples", cold_seconds=25)


def _of_loki(name: str, *version_arguments: str) -> Binary:
    file = f"{name}-{{os}}-{{arch}}"
    return Binary(
        name,
        pins.LOKI_VERSION,
        f"github.com/grafana/loki/v3/cmd/{name}",
        _LOKI,
        _github("grafana/loki", f"{file}.zip", "SHA256SUMS", file),
        version_arguments or ("--version",),
    )


BINARIES: Mapping[str, Binary] = {
    binary.name: binary
    for binary in (
        _of_loki("loki"),
        _of_loki("logcli"),
        _of_loki("lokitool", "version"),
        _of_loki("loki-canary"),
        Binary(
            "versitygw",
            pins.VERSITYGW_VERSION,
            "github.com/versity/versitygw/cmd/versitygw",
            _VERSITYGW,
            _github("versity/versitygw", "versitygw_v{version}_{OS}_{cpu}.tar.gz", "checksums.txt", "versitygw"),
        ),
        Binary(
            "helm",
            pins.HELM_VERSION,
            "helm.sh/helm/v3/cmd/helm",
            _HELM,
            Release(
                "https://get.helm.sh/helm-v{version}-{os}-{arch}.tar.gz",
                "https://get.helm.sh/helm-v{version}-{os}-{arch}.tar.gz.sha256sum",
                "helm",
            ),
            # The whole line has the Go version in it too.
            ("version", "--template", "{{.Version}}"),
        ),
        Binary(
            "alloy",
            pins.ALLOY_VERSION,
            "logstack/tools/alloy",
            _ALLOY,
            _github("grafana/alloy", "alloy-{os}-{arch}.zip", "SHA256SUMS", "alloy-{os}-{arch}"),
            on_demand=True,
        ),
        # The engine alone: a release has the language hosts beside it, which the Automation API's programs do without.
        Binary(
            "pulumi",
            pins.PULUMI_VERSION,
            "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
            _PULUMI,
            _github(
                "pulumi/pulumi", "pulumi-v{version}-{os}-{node}.tar.gz", "pulumi-{version}-checksums.txt", "pulumi"
            ),
            ("version",),
            on_demand=True,
        ),
        # Its project's releases have Kubernetes manifests, and the program as an image alone.
        Binary(
            "prometheus-config-reloader",
            pins.CONFIG_RELOADER_VERSION,
            "github.com/prometheus-operator/prometheus-operator/cmd/prometheus-config-reloader",
            _CONFIG_RELOADER,
            version_arguments=("--short-version",),
            on_demand=True,
        ),
        Binary(
            "alloysyntax",
            pins.ALLOY_SYNTAX_VERSION,
            "logstack/tools/alloysyntax",
            _ALLOYSYNTAX,
            version_arguments=("-version",),
        ),
        # For tests alone.
        Binary(
            "fakegcs",
            pins.FAKE_GCS_SERVER_VERSION,
            "logstack/tools/fakegcs",
            _FAKEGCS,
            version_arguments=("-version",),
            on_demand=True,
        ),
        Binary(
            "gitleaksamples",
            pins.GITLEAKS_VERSION,
            "logstack/tools/gitleaksamples",
            _GITLEAKSAMPLES,
            version_arguments=("-version",),
            on_demand=True,
        ),
        Binary(
            "actionlint",
            pins.ACTIONLINT_VERSION,
            "github.com/rhysd/actionlint/cmd/actionlint",
            _ACTIONLINT,
            _github(
                "rhysd/actionlint",
                "actionlint_{version}_{os}_{arch}.tar.gz",
                "actionlint_{version}_checksums.txt",
                "actionlint",
            ),
            ("-version",),
        ),
    )
}
"""Every pinned binary by its name."""
