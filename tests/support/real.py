"""The pinned binaries, and the pinned charts where a machine has them."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from logstack.binaries.obtain import find
from logstack.manifests.manifest import Json, mask_secrets
from tests.support.stacks import ROOT

KUBERNETES = "1.34.0"
PATIENCE = 60
"""Seconds that a server may take for an answer while other proofs run beside this one; httpx waits five."""
LOGS = ("Hadoop", "Spark", "OpenSSH", "Zookeeper")
Document = dict[str, Any]


@cache
def _find(name: str) -> Path | None:
    return find(name)


def binary(name: str) -> Path:
    """Return a pinned binary; without it skip the test, or fail where LOGSTACK_REQUIRE_REAL is 1, as in CI."""
    path = _find(name)
    if not path:
        reason = (
            f"{name} is neither on PATH in the pinned version nor in the cache: python -m logstack tools obtain {name}"
        )
        if os.environ.get("LOGSTACK_REQUIRE_REAL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def shared(path: str) -> Path:
    """Return a file beside this repository, in the folder that LOGSTACK_SHARED names; skip the test without it."""
    file = Path(os.environ.get("LOGSTACK_SHARED", ROOT.parent / "shared")) / path
    if not file.exists():
        pytest.skip(f"no {file}: LOGSTACK_SHARED names the folder with {path}")
    return file


def log_lines(*names: str) -> list[str]:
    """Return the lines of real log files, of LOGS by default; skip the test on a machine without them."""
    return [line for name in names or LOGS for line in shared(f"logs/{name}_2k.log").read_text().splitlines() if line]


# The variables that the ConfigMap of a bucket claim gives to Loki's pods.
CLAIMED = {"BUCKET_HOST": "rook-ceph-rgw-storage.storage.svc", "BUCKET_PORT": "80"}


def run(
    command: Sequence[str | Path], text: str = "", *, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command with a text on standard input; `environment` adds to the tests' own variables."""
    variables = {**os.environ, **(environment or {})}
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=120, check=False, env=variables)


def chart_defaults(chart: str) -> Document:
    """Return a pinned chart's values.yaml."""
    defaults: Document = yaml.safe_load(shared(f"charts/{chart}/values.yaml").read_text())
    return defaults


def chart_folder(chart: str) -> Path:
    """Return the folder of a pinned chart, unpacked; skip the test without it."""
    folder = Path(os.environ.get("LOGSTACK_CHARTS", "no charts")) / chart
    if not (folder / "Chart.yaml").is_file():
        pytest.skip(f"LOGSTACK_CHARTS names no folder with the unpacked chart {chart}")
    return folder


def chart_or_standin(chart: str) -> Path:
    """Return the folder of a pinned chart if this machine has it, else of the tests' stand-in for it."""
    folder = Path(os.environ.get("LOGSTACK_CHARTS", "no charts")) / chart
    return folder if (folder / "Chart.yaml").is_file() else standin(chart)


def standin(chart: str) -> Path:
    """Return the folder of the stand-in for a pinned chart: the same objects for the values that a stack sets."""
    return Path(__file__).parent / "charts" / chart


def render_pinned_chart(
    chart: str, namespace: str, values: Mapping[str, Json], directory: Path, release: str | None = None
) -> list[Document]:
    """Render the pinned chart with the values by helm; the release has the chart's name by default."""
    return render_chart(chart_folder(chart), namespace, values, directory, release or chart)


def render_chart(
    folder: Path, namespace: str, values: Mapping[str, Json], directory: Path, release: str
) -> list[Document]:
    """Render a chart's folder with the values by helm."""
    answer = helm_template(folder, namespace, values, directory, release)
    assert answer.returncode == 0, answer.stderr
    return [document for document in yaml.safe_load_all(answer.stdout) if document]


def helm_template(
    folder: Path, namespace: str, values: Mapping[str, Json], directory: Path, release: str
) -> subprocess.CompletedProcess[str]:
    """Return helm's answer to a chart's folder and the values, which may be a failure."""
    command, file = binary("helm"), directory / f"{release}-values.yaml"
    file.write_text(yaml.safe_dump(mask_secrets(values)))
    arguments = ["--namespace", namespace, "--kube-version", KUBERNETES, "--skip-crds", "--values", str(file)]
    return run([command, "template", release, folder, *arguments])


def effective_config(document: Mapping[str, object], directory: Path) -> Document:
    """Return every setting of the real Loki with a configuration, including Loki's defaults."""
    file = directory / "effective.yaml"
    file.write_text(yaml.safe_dump(document))
    answer = run([binary("loki"), f"-config.file={file}", "-verify-config", "-print-config-stderr"])
    assert answer.returncode == 0, answer.stderr
    # The document is between its first line and the last line of the log.
    printed: Document = yaml.safe_load(answer.stderr.partition("---\n")[2].rpartition("\nlevel=info")[0])
    return printed
