"""Versions that lack features of the stack, and charts from the wrong source."""

import re
import shlex
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import yaml

from logstack.settings.checks.check import reads
from logstack.settings.model.charts import PINNED, ChartSource, is_grafanas
from logstack.settings.pins import LOKI_VERSION
from logstack.settings.problems import Problem, Rule, listed
from logstack.settings.tree import Settings

Version = tuple[int, int, int]

ENTERPRISE = Rule(
    "chart-is-enterprise",
    "since 7.0 Grafana maintains this chart for its Enterprise product (expected, by grafana/loki#20705), under "
    "versions that grafana-community's chart, with which logstack was tested, has as well",
    "warning",
)
SOURCE_TWICE = Rule("chart-source-twice", "the path wins: the other keys have no effect")
ARCHIVE_DIFFERS = Rule("chart-archive-differs", "logstack was not tested with this chart", "warning")
DEPENDENCIES_MISSING = Rule(
    "chart-dependencies-missing", "Helm refuses a chart without them, even if its values switch them off"
)
BREAKS_STORE = Rule(
    "loki-breaks-object-store",
    "this Loki writes objects with a trailing checksum that some S3-compatible stores refuse and others store as "
    "content: chunks are lost or corrupt (grafana/loki#21926, fixed in 3.7.7)",
)
SSD_REMOVED = Rule("simple-scalable-removed", "Loki 4 knows no targets read, write and backend: no pod starts")
SSD_ENDS = Rule(
    "simple-scalable-ends-with-loki-4",
    "Loki 4 removes this deprecated mode: change to another mode before you update",
    "warning",
)
TOO_OLD = Rule("loki-too-old", "Loki does not start: it knows fewer keys than logstack's loki.yaml has (expected)")

# The first and the last version of each line that writes trailing checksums.
_BREAKING: tuple[tuple[Version, Version], ...] = (((3, 6, 11), (3, 6, 15)), ((3, 7, 2), (3, 7, 6)))
_FIRST_ENTERPRISE = 7


@reads("charts.loki")
def loki_chart(settings: Settings) -> Iterator[Problem]:
    """Check that the `loki` chart is the open-source one."""
    source = settings.charts.loki
    major = re.match(r"v?(\d+)", source.version or PINNED["loki"].version)
    if is_grafanas(source.repository) and not source.path and (major is None or int(major[1]) >= _FIRST_ENTERPRISE):
        what = f"version {source.version or PINNED['loki'].version} of the chart would come from Grafana's repository"
        fix = f"remove the repository: the default is {PINNED['loki'].repository}"
        yield ENTERPRISE.problem("charts.loki.repository", what, fix)


@reads("charts")
def one_source_each(settings: Settings) -> Iterator[Problem]:
    """Check that each chart has one source."""
    sources: Iterator[tuple[str, ChartSource]] = iter(settings.charts)
    for name, source in sources:
        ignored_keys = [key for key, value in source if key != "path" and value]
        if source.path and ignored_keys:
            what = f"path and {' and '.join(ignored_keys)} are both set"
            yield SOURCE_TWICE.problem(f"charts.{name}.path", what, "keep one of them")


@reads("charts")
def archive_is_the_pin(settings: Settings) -> Iterator[Problem]:
    """Check that a chart's archive on this machine has the digest that the repository publishes."""
    sources: Iterator[tuple[str, ChartSource]] = iter(settings.charts)
    for name, source in sources:
        pin, archive = PINNED[name], Path(source.path or "")
        if archive.is_file() and (digest := sha256(archive.read_bytes()).hexdigest()) != pin.digest:
            chart = f"{pin.name} {pin.version}"
            what = f"the archive's SHA-256 begins with {digest[:12]}, that of {chart} with {pin.digest[:12]}"
            fix = f"take {chart} from {pin.repository}"
            yield ARCHIVE_DIFFERS.problem(f"charts.{name}.path", what, fix)


@reads("charts")
def folder_has_dependencies(settings: Settings) -> Iterator[Problem]:
    """Check that a chart's folder on this machine has the charts that it depends on, which a git checkout has not."""
    sources: Iterator[tuple[str, ChartSource]] = iter(settings.charts)
    for name, source in sources:
        if missing := missing_dependencies(Path(source.path or "")):
            what = f"{source.path} has no folder or archive of {listed(missing, 'and')} in charts/"
            fix = f"helm dependency build {shlex.quote(source.path or '')}"
            yield DEPENDENCIES_MISSING.problem(f"charts.{name}.path", what, fix)


def missing_dependencies(folder: Path) -> list[str]:
    """Return the charts that a chart's Chart.yaml names and its folder lacks; none for anything but a chart's folder.

    None either with a Chart.lock: Pulumi's provider obtains them then (its provider/pkg/helm/tool.go).
    """
    try:
        chart = yaml.safe_load((folder / "Chart.yaml").read_text())
        names = [str(each["name"]) for each in chart.get("dependencies") or ()]
    except (OSError, UnicodeError, yaml.YAMLError, AttributeError, TypeError, KeyError):
        return []  # Helm says what is wrong with it
    if (folder / "Chart.lock").is_file():
        return []
    present = {path.parent.name for path in folder.glob("charts/*/Chart.yaml")}
    archives = [path.name for path in folder.glob("charts/*.tgz")]
    return sorted(
        {name for name in names if name not in present and not any(each.startswith(f"{name}-") for each in archives)}
    )


@reads("loki_version", "object_store.kind")
def object_store_safe(settings: Settings) -> Iterator[Problem]:
    """Check that this version of Loki works with its object store."""
    version = _version(settings)
    if settings.object_store.third_party_s3:
        for first, last in _BREAKING:
            if first <= version <= last:
                what = f"lokiVersion {settings.loki_version} writes to a store of kind {settings.object_store.kind}"
                yield BREAKS_STORE.problem("lokiVersion", what, f"logstack:lokiVersion: {LOKI_VERSION}")


@reads("deployment_mode", "loki_version")
def simple_scalable(settings: Settings) -> Iterator[Problem]:
    """Check that this version of Loki has the mode."""
    if settings.deployment_mode != "simple-scalable":
        return
    fix = "logstack:deploymentMode: monolithic with logstack:replicas: {monolithic: 3}"
    if _version(settings) >= (4, 0, 0):
        what = f"lokiVersion {settings.loki_version} has no mode simple-scalable"
        yield SSD_REMOVED.problem("deploymentMode", what, fix)
    else:
        what = "deploymentMode is simple-scalable"
        yield SSD_ENDS.problem("deploymentMode", what, fix)


@reads("loki_version")
def new_enough(settings: Settings) -> Iterator[Problem]:
    """Check that this version of Loki knows every key of our configuration."""
    if _version(settings) < (3, 0, 0):
        what = f"lokiVersion is {settings.loki_version}"
        yield TOO_OLD.problem("lokiVersion", what, f"logstack:lokiVersion: {LOKI_VERSION}")


def _version(settings: Settings) -> Version:
    major, minor, patch = map(int, settings.loki_version.split("."))
    return major, minor, patch


CHECKS = (
    loki_chart,
    one_source_each,
    archive_is_the_pin,
    folder_has_dependencies,
    object_store_safe,
    simple_scalable,
    new_enough,
)
