"""The command `logstack adopt`: its inputs, refusals, output and exit codes."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from logstack.cli import app
from logstack.settings.load.loader import load_stack_file
from tests.support.stacks import TODAY
from tests.unit.adopt.cases import FOLDER
from tests.unit.adopt.test_adopt import S3

PRODUCTION = FOLDER / "ssd-production-6.49.yaml"
HELM_RELEASE = """
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: loki, namespace: logs}}
spec: {{chart: {{spec: {{chart: {chart}, version: {version}, sourceRef: {{kind: HelmRepository, name: r}}}}}}}}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {{name: r}}
spec: {{url: {url}}}
"""


def adopt(folder: Path, *arguments: str) -> Result:
    """Run the command in a folder without other stacks."""
    return CliRunner().invoke(app, ["adopt", *arguments, "-C", str(folder)])


def write(folder: Path, text: str, name: str = "values.yaml") -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


def test_adopt_writes_a_stack_file_that_loads(tmp_path: Path) -> None:
    target = tmp_path / "Pulumi.prod.yaml"
    result = adopt(
        tmp_path, "--values", str(PRODUCTION), "--chart-version", "6.49.0", "--stack", "prod", "--write", str(target)
    )
    assert result.exit_code == 0, result.output
    stack = load_stack_file("prod", tmp_path, today=TODAY)
    assert (stack.settings.replication_factor, stack.settings.object_store.kind) == (2, "s3-compatible")
    assert "config:" not in result.stdout


def test_adopt_does_not_overwrite_a_stack_file(tmp_path: Path) -> None:
    target = tmp_path / "Pulumi.prod.yaml"
    target.write_text("mine\n")
    result = adopt(tmp_path, "--values", str(PRODUCTION), "--chart-version", "6.49.0", "--write", str(target))
    assert (result.exit_code, target.read_text()) == (2, "mine\n")
    assert "does not overwrite it" in result.stderr


def test_adopt_exits_with_1_when_something_is_left_to_decide(tmp_path: Path) -> None:
    values = FOLDER / "no-retention-6.49.yaml"
    result = adopt(tmp_path, "--values", str(values), "--chart-version", "6.49.0")
    assert result.exit_code == 1
    assert "LOKI STORES LINES FOR EVER TODAY" in result.stdout.replace("\n", " ").replace("  ", "")


def test_adopt_lets_later_values_win_as_helm_does(tmp_path: Path) -> None:
    later_values = write(tmp_path, "loki: {commonConfig: {replication_factor: 3}}\nread: {replicas: 5}\n")
    arguments = ("--values", str(PRODUCTION), "--values", later_values, "--chart-version", "6.49.0", "--json")
    stack = yaml.safe_load(json.loads(adopt(tmp_path, *arguments).stdout)["stackFile"])["config"]
    assert (stack["logstack:replicationFactor"], stack["logstack:replicas"]["read"]) == (3, 5)


@pytest.mark.parametrize(
    ("chart", "version", "url", "message"),
    [
        ("loki", "19.0.0", "https://grafana-community.github.io/helm-charts", "is not supported, only up to 18.x"),
        ("promtail", "6.17.1", "https://grafana.github.io/helm-charts", "not the Loki chart"),
        ("loki-canary", "0.14.0", "https://grafana.github.io/helm-charts", "not the Loki chart"),
    ],
)
def test_adopt_refuses_an_unsupported_chart_with_a_fix(
    chart: str, version: str, url: str, message: str, tmp_path: Path
) -> None:
    path = write(tmp_path, HELM_RELEASE.format(chart=chart, version=version, url=url))
    result = adopt(tmp_path, "--values", path)
    assert result.exit_code == 1
    assert message in result.stderr
    assert "fix: " in result.stderr


@pytest.mark.parametrize("owner", ["grafana", "grafana-community"])
@pytest.mark.parametrize("version", ["7.0.0", "7.1.0", "7.3.0"])
def test_adopt_takes_version_7_of_both_charts(owner: str, version: str, tmp_path: Path) -> None:
    url = f"https://{owner}.github.io/helm-charts"
    path = write(tmp_path, HELM_RELEASE.format(chart="loki", version=version, url=url))
    result = adopt(tmp_path, "--values", path)
    assert "to decide" in result.stdout.lower()
    assert result.stderr == ""


def test_adopt_reads_set_values_over_the_content_of_a_k3s_chart(tmp_path: Path) -> None:
    content = yaml.safe_dump({"deploymentMode": "SingleBinary", "loki": S3, "singleBinary": {"replicas": 1}})
    spec = {"chart": "loki", "repo": "https://grafana.github.io/helm-charts", "version": "6.49.0"}
    chart = {
        "apiVersion": "helm.cattle.io/v1",
        "kind": "HelmChart",
        "metadata": {"name": "loki", "namespace": "kube-system"},
        "spec": {
            **spec,
            "targetNamespace": "logs",
            "valuesContent": content,
            "set": {"loki.commonConfig.replication_factor": 1},
        },
    }
    path = write(tmp_path, yaml.safe_dump(chart))
    stack = yaml.safe_load(json.loads(adopt(tmp_path, "--values", path, "--json").stdout)["stackFile"])["config"]
    assert (stack["logstack:cluster"]["namespace"], stack["logstack:replicationFactor"]) == ("logs", 1)


def test_adopt_refuses_enterprise_values_without_repeating_their_licence(tmp_path: Path) -> None:
    arguments = ("--values", str(FOLDER / "enterprise-6.49.yaml"), "--chart-version", "6.49.0")
    result = adopt(tmp_path, *arguments)
    assert (result.exit_code, "fix: " in result.stderr, "SECRET" in result.output) == (1, True, False)
    assert "Enterprise" in json.loads(adopt(tmp_path, *arguments, "--json").stdout)["error"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("loki: {auth_enabled: false", "is not valid YAML"),
        ("loki: {{ .Values.x }}\n  a: b", "it looks like a template"),
        ("kind: Deployment\napiVersion: apps/v1\n", "unsupported kind of object: Deployment"),
        ("kind: ApplicationSet\napiVersion: argoproj.io/v1alpha1\n", "ApplicationSet"),
        ("loki: {auth_enabled: false}\n", "--chart-version 6.49.0"),
    ],
)
def test_adopt_exits_with_2_when_values_cannot_be_read(text: str, message: str, tmp_path: Path) -> None:
    result = adopt(tmp_path, "--values", write(tmp_path, text))
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_adopt_exits_with_2_when_a_file_is_missing(tmp_path: Path) -> None:
    assert adopt(tmp_path, "--values", str(tmp_path / "none.yaml"), "--chart-version", "6.49.0").exit_code == 2


def test_adopt_recognizes_defaults_when_given_the_charts_values(tmp_path: Path) -> None:
    values = write(tmp_path, yaml.safe_dump({"loki": S3, "write": {"podManagementPolicy": "Parallel"}}))
    chart = write(tmp_path, "write: {podManagementPolicy: Parallel}\n", "chart.yaml")
    arguments = ("--values", values, "--chart-version", "6.49.0", "--json")
    for extra, verdict in (((), "translated"), (("--chart-values", chart), "default")):
        document = json.loads(adopt(tmp_path, *arguments, *extra).stdout)
        (value,) = [each for each in document["values"] if each["path"] == "write.podManagementPolicy"]
        assert value["verdict"] == verdict


def test_adopt_reads_the_running_configuration_from_a_file(tmp_path: Path) -> None:
    running = write(
        tmp_path, "limits_config: {retention_period: 3d}\ncompactor: {retention_enabled: true}\n", "loki.yaml"
    )
    arguments = ("--values", str(PRODUCTION), "--chart-version", "6.49.0", "--loki-config", running, "--json")
    stack = yaml.safe_load(json.loads(adopt(tmp_path, *arguments).stdout)["stackFile"])["config"]
    assert stack["logstack:retention"] == "3d"
