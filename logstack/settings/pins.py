"""Every version that logstack pins, each with the reason for the number.

A chart's digest is the SHA-256 of its archive as its repository's index publishes it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class ChartPin:
    """A Helm chart: the repository's URL, its name there, its version and the archive's SHA-256."""

    repository: str
    name: str
    version: str
    digest: str


# Where the open-source chart is maintained. Since 7.0 Grafana's own repository has `loki` for its Enterprise product
# (grafana/loki#20705), though its values say `enterprise.enabled: false`.
LOKI_CHART = ChartPin(
    repository="https://grafana-community.github.io/helm-charts",
    name="loki",
    version="18.11.0",
    digest="d4d99424d197e1460878093c9fced02346669ab0698a0dca7c575ab76fff7aeb",
)

# The first whose config reloader runs under the restricted Pod Security level; ships Alloy 1.18.1.
ALLOY_CHART = ChartPin(
    repository="https://grafana.github.io/helm-charts",
    name="alloy",
    version="1.11.1",
    digest="cc4cd48a885c070fe8b2929971552852375c11e92d95fc6337d0c3fa277ac575",
)

# 3.7.2 to 3.7.6 send a trailing checksum that some S3-compatible stores refuse or store corrupted;
# 3.7.7 is the first 3.7 with the fix (grafana/loki#22003), 3.7.8 the newest of its line.
LOKI_VERSION = "3.7.8"

# The image tag is set, so it need not be the chart's. 1.18.1 needs pre-releases of modules that not every module
# registry serves; 1.19.0 builds from those that they serve, so a local run and a cluster have the same Alloy.
ALLOY_VERSION = "1.19.0"


@dataclass(frozen=True)
class KnownBug:
    """An upstream bug through which a pinned program loses lines."""

    issue: str
    """The repository and the number, such as grafana/alloy#7076."""
    summary: str
    """The trigger and the loss, as a sentence without a full stop."""
    fixed_in: str | None
    """The first version without it; None while no release has a fix."""

    def is_in(self, version: str) -> bool:
        """Return whether this version of the program still has the bug."""
        return self.fixed_in is None or _numbers(version) < _numbers(self.fixed_in)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


# kubetail/tailer.go compares each line's time with that of the line above. A fix (grafana/alloy#7080) was open when
# 1.19.0 was pinned. The real Alloy shows the bug: tests/cases/test_lines_out_of_order.py, which fails when a pin no
# longer has it.
ALLOY_API_LOSES_LINES = KnownBug(
    issue="grafana/alloy#7076",
    summary="loki.source.kubernetes drops each line whose time is before that of the line above it, and no metric or "
    "log says so: lines of containers that write to stdout and stderr at once are lost (199 of 5,035 in the issue)",
    fixed_in=None,
)

# The one that the pinned Alloy chart runs beside Alloy. The values do not set it: the chart says its image's digest.
CONFIG_RELOADER_VERSION = "0.91.0"

# The syntax module that Alloy 1.19.0 itself requires: our parser accepts what that Alloy accepts.
ALLOY_SYNTAX_VERSION = "0.1.2"

# The embedded S3 server: maintained, one static binary, POSIX directories as buckets. MinIO publishes none.
VERSITYGW_VERSION = "1.8.0"

# Chart archives are rendered by the Helm library of their provider; 3.21 reads every chart pinned here.
HELM_VERSION = "3.21.4"

# The newest engine that Go's module registries serve whole; it runs programs of the newer SDK without a warning.
PULUMI_VERSION = "3.250.0"

# Checks the workflows of GitHub Actions; the newest, for it knows the newest of their syntax.
ACTIONLINT_VERSION = "1.7.12"

# The one that Alloy 1.19.0 itself requires, for loki.secretfilter: redaction is measured with its rules.
GITLEAKS_VERSION = "8.30.1"

# Stands in for Google Cloud Storage in the tests of store kind gcs; the real Loki was tried with this one.
FAKE_GCS_SERVER_VERSION = "1.55.1"
