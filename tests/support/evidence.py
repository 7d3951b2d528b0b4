"""What may be evidence for a sentence: a test with a real program, a line of a pinned source, or `expected`."""

import ast
import re
import sysconfig
from functools import cache
from pathlib import Path

from logstack.settings import pins
from tests.support.sentences import ROOT, Row

EXPECTED = "expected"
# Tests there run the real programs; test_source.py has what the real engine gave for the same stack file.
_REAL = ("tests/real/", "tests/cases/", "tests/engine/", "tests/cluster/", "tests/unit/settings/test_source.py")

# The programs whose source a row may name: the version, and the folder in Go's module cache.
VERSIONS = {
    "loki": pins.LOKI_VERSION,
    "alloy": pins.ALLOY_VERSION,
    "versitygw": pins.VERSITYGW_VERSION,
    "pulumi": pins.PULUMI_VERSION,
    "chart loki": pins.LOKI_CHART.version,
    "chart alloy": pins.ALLOY_CHART.version,
    # As the go.mod of the pinned Loki has it.
    "dskit": "v0.0.0-20260209132809-8d1c6d34bb5a",
    # Of the nodes that tests/cluster runs on, and of the API server of tests/real/test_collector_api.py.
    "kubernetes": "1.34.4",
    **dict(re.findall(r"^(botocore|pulumi-kubernetes)==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)),
}
_SOURCE = re.compile(rf"({'|'.join(sorted(VERSIONS, reverse=True))}) (\S+): (\S+):(\d+)")


def evidence_problem(row: Row, evidence: str) -> str:
    """Return why this is no evidence for a row; empty where it is."""
    if evidence == EXPECTED:
        return "" if EXPECTED in row.text else "the sentence itself has to say that it is expected"
    file, found, test = evidence.partition("::")
    if found:
        if not file.startswith(_REAL):
            return f"{file} runs no real program"
        return "" if test in tests_of(file) else f"there is no test {evidence}"
    source = _SOURCE.fullmatch(evidence)
    if not source:
        return 'write tests/real/test_x.py::test_y, "PROGRAM VERSION: path/file.go:12", or expected'
    pinned = VERSIONS[source[1]]
    return "" if source[2] == pinned else f"the pinned {source[1]} is {pinned}: look it up there again"


@cache
def tests_of(file: str) -> frozenset[str]:
    """Return the names of a file's tests; none where there is no such file."""
    path = ROOT / file
    if not path.is_file():
        return frozenset()
    found = ast.walk(ast.parse(path.read_text()))
    return frozenset(node.name for node in found if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"))


def source_of(evidence: str, modules: Path, charts: Path | None) -> tuple[Path, int] | None:
    """Return the file and the line of a source in Go's module cache or the folder of the charts; None elsewhere."""
    source = _SOURCE.fullmatch(evidence)
    if not source:
        return None
    program, version, path, line = source.groups()
    if program in ("botocore", "pulumi-kubernetes"):
        return Path(sysconfig.get_path("purelib")) / path, int(line)
    if program.startswith("chart "):
        return (charts / program.removeprefix("chart ") / path, int(line)) if charts else None
    staging = re.fullmatch(r"staging/src/(k8s\.io/[\w-]+)/(.+)", path)
    match program:
        case "loki" | "alloy":
            folder = f"github.com/grafana/{program}{'/v3' if program == 'loki' else ''}@v{version}"
        case "dskit":
            folder = f"github.com/grafana/dskit@{version}"
        case "versitygw":
            folder = f"github.com/versity/versitygw@v{version}"
        case "pulumi":
            part, path = path.split("/", 1)
            folder = f"github.com/pulumi/pulumi/{part}/v3@v{version}"
        case "kubernetes" if staging:
            folder, path = f"{staging[1]}@v0{version[1:]}", staging[2]
        case "kubernetes":
            folder = f"k8s.io/kubernetes@v{version}"
        case _:
            return None
    return (modules / folder / path, int(line)) if (modules / folder).is_dir() else None
