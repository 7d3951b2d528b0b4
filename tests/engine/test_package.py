"""The component package under the real engine, which starts its plugin: the schema, and a LogStack of each language."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.log_stack import LOG_STACK
from logstack.settings.load.source import SECRETS
from logstack.settings.load.stack_file import read_stack_file
from tests.support.engine import KEYS, Program, Project, answered
from tests.support.real import binary, run
from tests.support.stacks import EXAMPLES, ROOT

pytestmark = [
    pytest.mark.prove,
    pytest.mark.filterwarnings("ignore:.*V2 has been deprecated in favor of:DeprecationWarning"),
]
PLUGIN = ROOT / "package" / "__main__.py"


def plugin_in(folder: Path, program: str) -> Path:
    """Write the plugin as a program on PATH is called: the engine then needs no language host to start it."""
    folder.mkdir()
    path = folder / "pulumi-resource-logstack"
    path.write_text(f"#!{sys.executable}\n{program}")
    path.chmod(0o755)
    return path


@pytest.fixture
def consumer(platform: Project) -> Project:
    """A project whose engine finds the plugin, and every stack's cluster answers it."""
    plugin = plugin_in(platform.folder.parent / "plugins", answered(PLUGIN))
    platform.environment["PATH"] = f"{plugin.parent}{os.pathsep}{os.environ['PATH']}"
    return platform


class RemoteLogStack(pulumi.ComponentResource):
    """As the SDK of any language declares it: its arguments go to the engine, which asks the plugin."""

    pushUrl: pulumi.Output[str]  # noqa: N815 - the wire's name

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        super().__init__(LOG_STACK, "logs", {**arguments, "pushUrl": None}, remote=True)


def program_of(stack: str, changes: Mapping[str, Any] | None = None) -> Program:
    """Return a program that passes a stack file's keys as arguments, and the access key of its config."""
    config = EXAMPLES[stack] if stack in EXAMPLES else read_stack_file(stack, ROOT).config
    arguments = {key.removeprefix("logstack:"): value for key, value in config.items()} | dict(changes or {})

    def program() -> None:
        keys = {key: pulumi.Config("logstack").get_secret(key) for key in SECRETS}
        pulumi.export("pushUrl", RemoteLogStack({**arguments, **keys}).pushUrl)

    return program


def test_engine_takes_the_schema_of_the_plugin(tmp_path: Path) -> None:
    plugin = plugin_in(tmp_path / "plugins", PLUGIN.read_text().replace("__file__", repr(str(PLUGIN))))
    home = {"PULUMI_HOME": str(tmp_path / "home")}
    answer = run([binary("pulumi"), "package", "get-schema", plugin], environment=home)
    assert answer.returncode == 0, answer.stderr
    assert LOG_STACK in json.loads(answer.stdout)["resources"]
    (tmp_path / "schema.json").write_text(answer.stdout)
    checked = run([binary("pulumi"), "schema", "check", tmp_path / "schema.json"], environment=home)
    assert (checked.returncode, checked.stderr.strip()) == (0, "")


def texts(resources: Mapping[str, Any]) -> list[str]:
    """Return resources without their URNs, which have the component in them, in an order of their own."""
    return sorted(json.dumps(each, sort_keys=True) for each in resources.values())


@pytest.mark.parametrize("stack", ["staging", "production", "aws"])
def test_component_makes_the_objects_that_the_program_makes(consumer: Project, stack: str) -> None:
    consumer.apply(stack)
    by_program, in_aws = dict(consumer.memory.objects), texts(consumer.aws.resources)
    consumer.memory.objects.clear()
    consumer.aws.resources.clear()
    (consumer.folder.parent / "state" / ".pulumi" / "stacks" / "logstack" / f"{stack}.json").unlink()
    outcome = consumer.up(stack, program_of(stack))
    assert outcome.failed == ""
    assert consumer.memory.objects == by_program
    assert texts(consumer.aws.resources) == in_aws
    assert consumer.preview(stack, program_of(stack)).changes == ()


def test_problems_are_shown_once_without_a_traceback(consumer: Project) -> None:
    outcome = consumer.preview("staging", program_of("staging", {"retention": "12h", "replicationFactor": 5}))
    (shown,) = [text for text in outcome.messages if "has a problem" in text]
    assert shown.startswith("logstack:index:LogStack resource 'logs' has a problem: 2 errors:\n")
    assert re.findall(r"^error\[([a-z-]+)\]", shown, re.MULTILINE) == [
        "replication-above-writers",
        "retention-too-short",
    ]
    assert "provider/experimental" not in shown


def test_warnings_are_shown_and_stop_nothing(consumer: Project) -> None:
    outcome = consumer.preview("production", program_of("production", {"replicationFactor": 2}))
    assert outcome.failed == ""
    (shown,) = [text for text in outcome.messages if "replication-survives-no-lost-writer" in text]
    assert shown.startswith("[replication-survives-no-lost-writer] logstack:replicationFactor\n")


def test_chart_that_cannot_be_had_gives_no_traceback_of_the_plugin(consumer: Project) -> None:
    charts = {"charts": {"loki": {"path": "charts/no-such-chart"}}}
    failed = consumer.preview("staging", program_of("staging", charts)).failed
    assert "charts/no-such-chart" in failed
    assert "provider/experimental" not in failed


def test_access_key_is_in_no_state_and_no_output(consumer: Project) -> None:
    outcome = consumer.up("staging", program_of("staging"))
    assert outcome.failed == ""
    (secret,) = (each for key, each in consumer.memory.objects.items() if key[1] == "Secret")
    assert sorted(secret["stringData"].values()) == sorted(KEYS.values())
    written = json.dumps(consumer.state("staging")) + outcome.text + outcome.events
    assert not [key for key in KEYS.values() if key in written]


@pytest.mark.skipif(
    not shutil.which("pulumi-language-yaml"),
    reason="pulumi-language-yaml is not on PATH: ci/pulumi installs Pulumi with its language hosts",
)
def test_example_in_yaml_is_previewed(consumer: Project) -> None:
    example = (ROOT / "examples" / "yaml" / "Pulumi.yaml").read_text()
    # The plugin is on PATH; the folder needs the plugins of all clouds.
    (consumer.folder / "Pulumi.yaml").write_text(example.replace("packages:\n  logstack: ../../package\n", ""))
    environment = {
        **os.environ,
        **consumer.environment,
        "PULUMI_HOME": str(consumer.folder.parent / "home"),
    }

    def pulumi_command(*words: str) -> str:
        command = [str(binary("pulumi")), *words, "--non-interactive", "--color=never"]
        answer = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout

    pulumi_command("stack", "init", "example")
    for key, value in KEYS.items():
        pulumi_command("config", "set", "--secret", key.removeprefix("logstack:"), value)
    output = pulumi_command("preview")
    assert re.search(r"^ \+  logstack:index:LogStack logs create", output, re.MULTILINE)
    assert 'pushUrl : "http://loki-gateway.monitoring.svc.cluster.local/loki/api/v1/push"' in output
