"""The table of roles: it is complete, no other module names a role, and an added row is a role everywhere."""

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from logstack.settings.model.roles import DeploymentMode, Duty, Role, roles_of
from logstack.settings.model.sizes import SIZES
from logstack.settings.resolve.sizing import SIZING
from tests.support.stacks import ROOT

MODES: tuple[DeploymentMode, ...] = get_args(DeploymentMode)
TABLE = "logstack/settings/model/roles.py"
# Modules that contain the name of a role, and why the table cannot replace it.
NAMED = {
    "logstack/settings/resolve/sizing.py": "the tiers: how many pods of each role take how much",
    "logstack/settings/checks/retention_rules.py": "a section of loki.yaml",
    "logstack/settings/checks/object_store.py": "a bucket that many people call ruler",
    "logstack/manifests/loki/config.py": "sections of loki.yaml",
    "logstack/manifests/loki/retention.py": "sections of loki.yaml",
    "logstack/manifests/loki/values.py": "the chart's name of the bucket for rules",
    "logstack/manifests/loki/ingress.py": "the backend of an Ingress",
    "logstack/manifests/stores/azure.py": "a key of ruler_storage in loki.yaml",
    "logstack/manifests/stores/gcs.py": "a key of ruler_storage in loki.yaml",
    "logstack/localrun/localise.py": "sections of loki.yaml",
    "logstack/localrun/platform.py": "sections of loki.yaml",
    "logstack/adopt/earlier_charts.py": "values of charts of Loki 2",
    "logstack/adopt/documents.py": "keys by which the chart's values are recognised",
    "logstack/adopt/azure.py": "the chart's name of the bucket for rules",
    "logstack/adopt/google.py": "the chart's name of the bucket for rules",
    "logstack/adopt/ingress.py": "the four groups of paths of the chart's own Ingress",
    "logstack/adopt/loki_config.py": "sections of loki.yaml",
    "logstack/adopt/not_taken.py": "sections of loki.yaml, and messages about groups of values",
    "logstack/adopt/store.py": "the chart's name of the bucket for rules",
    "logstack/adopt/vocabulary.py": "every key that any version of the chart reads, roles or not",
}
MADE_UP = """\
    MADE_UP = Row(
        name="made-up",
        mode="distributed",
        duties=frozenset(),
        noun="fiction",
        about="Fictions: they are made up.",
        does="makes things up",
        waits="stories wait",
        replicas=2,
        sizes=(Size("100m", "512Mi", "5Gi"), Size("500m", "1Gi", "10Gi"), Size("1", "2Gi", "20Gi")),
        chart_key="madeUp",
        kind="StatefulSet",
        volume=Volume(),
        chart_replicas=7,
    )


def roles_of("""
STACK = """\
config:
  logstack:cluster: {name: plant, context: plant, apiServer: "https://10.0.50.2:6443"}
  logstack:deploymentMode: distributed
  logstack:ingest: 900GB/day
  logstack:resources: {madeUp: {cpu: "2", memory: 3Gi}}
  logstack:objectStore: {kind: s3-compatible, endpoint: "https://s3.example", bucket: loki-plant, credentialsSecret: s3}
"""
PROGRAM = """
import json, pathlib, sys
from typer.testing import CliRunner
from logstack.cli import app
from logstack.diff.rolls import loki_workloads
from logstack.diff.snapshot import render
from logstack.docsgen.picture import picture
from logstack.docsgen.stack_file_schema import stack_file_schema
from logstack.localrun.layout import layout
from logstack.settings.load.loader import load_stack_file
import logstack

def run(*arguments):
    done = CliRunner().invoke(app, [*arguments, "-C", "."])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.stdout

stack = load_stack_file("plant")
run("render", "plant", "--to", "out")
work = loki_workloads(render(stack))["madeUp"]
json.dump({
    "from": logstack.__file__,
    "values": next(pathlib.Path("out").rglob("loki-values.yaml")).read_text(),
    "plan": json.loads(run("plan", "plant", "--json")),
    "workload": [work.kind, work.name, work.pods],
    "picture": picture(stack.settings),
    "schema": json.loads(stack_file_schema())["$defs"],
    "processes": [node.name for node in layout(stack.settings, pathlib.Path("run")).nodes],
    "adopted": run("adopt", "--values", "values.yaml", "--chart-version", "18.11.0"),
    "migration": run("migrate", "plant", "--to", "simple-scalable"),
}, sys.stdout)
"""


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("duty", Duty, ids=lambda duty: duty.name)
def test_each_mode_has_one_role_for_each_duty(mode: DeploymentMode, duty: Duty) -> None:
    assert len([role for role in roles_of(mode) if duty in role.row.duties]) == 1


@pytest.mark.parametrize("role", Role)
def test_role_has_a_disk_in_every_size_when_the_chart_creates_its_volume(role: Role) -> None:
    assert {bool(roles[role].disk) for roles in SIZES.values()} == {bool(role.row.volume)}


@pytest.mark.parametrize("mode", MODES)
def test_sizing_row_has_every_role_of_its_mode(mode: DeploymentMode) -> None:
    assert [tuple(row.roles) for row in SIZING[mode].rows] == [roles_of(mode)] * len(SIZING[mode].rows)


def names_of_roles(code: str) -> Iterator[str]:
    """Yield the names, keys and members of roles in a module, except names that are also modes."""
    spellings = {text for role in Role for text in (role.value, role.key, role.field, role.row.chart_key)}
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Constant(value=str(text)) if text in spellings - set(MODES):
                yield text
            case ast.Attribute(value=ast.Name(id="Role"), attr=member):
                yield f"Role.{member}"


def test_only_the_table_and_modules_with_a_reason_name_a_role() -> None:
    modules = [*(ROOT / "logstack").rglob("*.py"), *(ROOT / "components").rglob("*.py"), ROOT / "__main__.py"]
    naming = {str(path.relative_to(ROOT)) for path in modules if any(names_of_roles(path.read_text()))}
    assert naming == {TABLE, *NAMED}


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The output of a copy of the package with one row added to the table and its pods to the tiers."""
    folder = tmp_path_factory.mktemp("role")
    shutil.copytree(ROOT / "logstack", folder / "logstack", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "components", folder / "components", ignore=shutil.ignore_patterns("__pycache__"))
    table, tiers = folder / TABLE, folder / "logstack/settings/resolve/sizing.py"
    added = table.read_text().replace("\n\ndef roles_of(", MADE_UP, 1)
    table.write_text(added)
    text, count = re.subn(
        r"( +)Role\.RULER: .*\n", r'\g<0>\1Role.MADE_UP: _pods(4, "1", "2Gi", "30Gi"),\n', tiers.read_text()
    )
    assert count == len(SIZING["distributed"].rows)
    tiers.write_text(text)
    (folder / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text())
    (folder / "Pulumi.plant.yaml").write_text(STACK)
    (folder / "values.yaml").write_text("deploymentMode: Distributed\nmadeUp: {replicas: 5}\n")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=folder, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    output = json.loads(done.stdout)
    assert output["from"].startswith(str(folder))
    return output


def test_added_row_is_a_role_of_the_chart(made_up: Any) -> None:
    assert made_up["workload"] == ["StatefulSet", "loki-made-up", 4]
    values = made_up["values"]
    assert "\nmadeUp:\n" in values
    assert "app.kubernetes.io/component: made-up\n" in values


def test_added_row_is_a_key_of_the_stack_file(made_up: Any) -> None:
    assert made_up["schema"]["Replicas"]["properties"]["madeUp"]["description"] == "Fictions: they are made up."
    assert made_up["schema"]["SizeOverrides"]["properties"]["madeUp"] == {"$ref": "#/$defs/Resources"}


def test_added_row_is_in_the_plan_and_the_picture(made_up: Any) -> None:
    plan = json.dumps(made_up["plan"])
    assert "all 4 fictions" in plan
    assert "stories wait" in plan
    assert 'made-up["Loki made-up x4<br/>makes things up"]' in made_up["picture"]


def test_added_row_is_run_adopted_and_migrated(made_up: Any) -> None:
    assert [name for name in made_up["processes"] if "made-up" in name] == [f"loki-made-up-{n}" for n in range(4)]
    assert re.search(r"madeUp: 5\b", made_up["adopted"])
    assert "delete pod loki-made-up-3 --wait" in made_up["migration"]
    assert "data-loki-made-up-0" in made_up["migration"]
