"""What a stack passes on before the real Alloy, and the table of Loki's keys before Loki's own source."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from logstack.binaries.catalog import BINARIES
from logstack.settings.passthrough.tables import FOLDER
from logstack.settings.tree import Settings
from tests.support.real import binary, run
from tests.support.stacks import NAMES, changed, data, declarations, settings_of

pytestmark = pytest.mark.prove

BLOCKS = """
loki.source.syslog "firewalls" {
	listener {
		address = "0.0.0.0:5514"
		labels  = {job = "firewalls"}
	}
	forward_to = [loki.process.lines.receiver]
}

loki.source.api "vector" {
	http {
		listen_port = 3999
	}
	forward_to = [loki.write.default.receiver]
}
"""


def validated(settings: Settings, directory: Path) -> str:
    """What `alloy validate` has to say of the nodes' configuration; empty where it is valid."""
    file = directory / "config.alloy"
    file.write_text(data(declarations(settings), "alloy/alloy-config"))
    answer = run([binary("alloy"), "validate", f"--stability.level={settings.collector.stability}", file])
    return answer.stderr


@pytest.mark.parametrize("name", NAMES)
def test_alloy_validates_blocks_that_forward_to_the_named_points_of_every_stack(name: str, tmp_path: Path) -> None:
    assert validated(changed(settings_of(name), alloy={"config": BLOCKS}), tmp_path) == ""


@pytest.mark.parametrize(
    ("blocks", "reason"),
    [
        ('loki.write "default" { }', "already declared"),
        ('loki.echo "a" { }\nloki.echo "a" { }', "already declared"),
        ('loki.source.api "a" { forward_to = [loki.process.line.receiver] }', "does not exist"),
        ("loki.echo {", "expected"),
    ],
)
def test_alloy_refuses_what_the_checks_refuse(blocks: str, reason: str, tmp_path: Path) -> None:
    assert reason in validated(changed(settings_of("production"), alloy={"config": blocks}), tmp_path)


def test_table_of_loki_is_that_of_the_pinned_version() -> None:
    go = shutil.which("go")
    if not go:
        pytest.skip("no go on this machine")
    folder = BINARIES["loki"].module.folder
    environment = os.environ | {"GOFLAGS": "-mod=readonly", "GOWORK": "off", "CGO_ENABLED": "0", "GOTOOLCHAIN": "auto"}
    command = [go, "run", "-tags=netgo", "./keys"]
    answer = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    assert (FOLDER / "loki-config.txt").read_text() == answer.stdout
