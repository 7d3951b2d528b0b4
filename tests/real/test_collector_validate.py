"""The pinned Alloy validates every config.alloy, would not format it, and builds every component from it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as profile

from logstack.localrun.collector import Collector
from logstack.localrun.layout import free_ports
from logstack.localrun.processes import Fleet
from logstack.manifests.alloy.config import node_config
from logstack.manifests.alloy.environment import Environment
from logstack.manifests.loki.intake import intake
from logstack.settings.load.stack_file import Value
from logstack.settings.model.collector import STABILITIES
from logstack.settings.model.sources import PORTS
from logstack.settings.tree import Settings
from tests.support.collector import stack
from tests.support.generated import stacks
from tests.support.real import binary, run
from tests.support.stacks import NAMES, data, declarations, settings_of

pytestmark = pytest.mark.prove

CONFIGS = ("alloy/alloy-config", "alloy/alloy-events-config")
# Nothing listens there, and no line is sent.
PUSH = "http://127.0.0.1:9/loki/api/v1/push"
# Measured: `alloy validate` takes 0.15 s, a reload with all components 0.03 s.
VALIDATED, BUILT = 200, 500


def configs(settings: Settings) -> list[str]:
    """Return config.alloy of the nodes' collectors, and of the collector of Kubernetes events if the stack has one."""
    declared = declarations(settings)
    return [data(declared, name) for name in CONFIGS if name in declared]


def validation_errors(text: str, settings: Settings, directory: Path) -> str:
    """Return the errors of `alloy validate`."""
    file = directory / "config.alloy"
    file.write_text(text)
    answer = run([binary("alloy"), "validate", f"--stability.level={settings.collector.stability}", file])
    assert (answer.returncode == 0) == (answer.stderr == ""), answer
    return answer.stderr


def format_changes(text: str, directory: Path) -> str:
    """Return the changes that `alloy fmt` would make."""
    file = directory / "config.alloy"
    file.write_text(text)
    answer = run([binary("alloy"), "fmt", "--test", file])
    return answer.stdout + answer.stderr if answer.returncode else ""


@pytest.mark.parametrize("name", NAMES)
def test_alloy_accepts_and_would_not_format_a_stacks_configurations(name: str, tmp_path: Path) -> None:
    settings = settings_of(name)
    for text in configs(settings):
        assert validation_errors(text, settings, tmp_path) == ""
        assert format_changes(text, tmp_path) == ""


@profile(max_examples=VALIDATED, derandomize=True, suppress_health_check=list(HealthCheck))
@given(stacks())
def test_alloy_accepts_the_configurations_of_any_settings(tmp_path: Path, settings: Settings) -> None:
    for text in configs(settings):
        assert validation_errors(text, settings, tmp_path) == ""
        assert run([binary("alloysyntax"), "-fmt"], text).stdout == text


BROKEN = [
    ("loki.process.lines.receiver", "loki.process.line.receiver", "does not exist"),
    ("stage.label_keep", "stage.label_kept", "unrecognized block name"),
    ("older_than ", "older_then ", "unrecognized attribute name"),
]


@pytest.mark.parametrize(("right", "wrong", "message"), BROKEN)
def test_alloy_refuses_a_broken_configuration(right: str, wrong: str, message: str, tmp_path: Path) -> None:
    settings = settings_of("production")
    text = configs(settings)[0]
    assert right in text
    assert message in validation_errors(text.replace(right, wrong), settings, tmp_path)


# `alloy validate` builds no component: it does not read regular expressions, selectors and templates.
UNBUILT = [
    (r'"{logstack_multiline=~\"', r'"{{logstack_multiline=~\"', "invalid selector syntax"),
    ('source_type = "structured_metadata"', 'source_type = "structured"', "structured"),
    ("{{ end }}{{ end }}", "{{ end }}", "unexpected EOF"),
]


@pytest.fixture(scope="module")
def reloaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """Run an Alloy; yield a function that reloads it with a configuration and returns the error."""
    root = tmp_path_factory.mktemp("alloy")
    settings = stack("cases", {"collector": {"stability": STABILITIES[-1]}})
    with Fleet(root / "out") as fleet:
        collector = Collector(settings, binary("alloy"), root, fleet, PUSH, [])
        collector.start()

        def reload(text: str) -> str:
            collector.config_file.write_text(text)
            answer = httpx.post(f"{collector.url}/-/reload", timeout=60)
            return answer.text if answer.is_error else ""

        yield reload


def local(settings: Settings) -> str:
    """Return the nodes' configuration without the API server."""
    ports = {port.name: number for port, number in zip(PORTS, free_ports(len(PORTS)), strict=True)}
    environment = Environment("/nowhere", [], "127.0.0.1", ports)
    to = replace(intake(settings, settings.cluster), push_url=PUSH)
    return node_config(settings.collector, settings.cluster, to, environment)


@profile(max_examples=BUILT, derandomize=True, suppress_health_check=list(HealthCheck))
@given(stacks())
def test_alloy_builds_the_components_of_any_settings(reloaded: Callable[[str], str], settings: Settings) -> None:
    assume(settings.collector.sources.pods != "api")  # its client does not start without an API server
    assert reloaded(local(settings)) == ""


@pytest.mark.parametrize(("right", "wrong", "message"), UNBUILT)
def test_alloy_does_not_build_a_broken_component(
    right: str, wrong: str, message: str, reloaded: Callable[[str], str]
) -> None:
    settings = stack("cases", {})
    text = local(settings)
    assert right in text
    assert message in reloaded(text.replace(right, wrong))


# What the checks refuse with "Alloy does not start": settings that nobody checked, and Alloy's words.
REFUSED: dict[str, tuple[dict[str, Value], str]] = {
    "json-path": ({"parsers": [{"format": "json", "fields": {"a": "b["}}]}, "could not compile JMES expression"),
    "pattern-not-re2": ({"parsers": [{"pattern": "(?P<a>x)(?=y)"}]}, "invalid or unsupported Perl syntax"),
    "time-zone": (
        {
            "parsers": [
                {
                    "format": "json",
                    "timestamp": {"field": "t", "format": "2006-01-02 15:04:05", "timeZone": "Moon/Base"},
                }
            ]
        },
        "unknown time zone Moon/Base",
    ),
}


@pytest.mark.parametrize(("collector_settings", "message"), REFUSED.values(), ids=REFUSED)
def test_alloy_does_not_start_with_a_value_that_the_checks_refuse(
    collector_settings: dict[str, Value], message: str, reloaded: Callable[[str], str]
) -> None:
    assert message in reloaded(local(stack("cases", {"collector": collector_settings})))


def test_alloy_does_not_start_with_a_longest_line_below_27_bytes(reloaded: Callable[[str], str]) -> None:
    text, limit = local(stack("cases", {"limits": {"maxLineSize": 27}})), '= "27B"'
    assert limit in text
    assert reloaded(text) == ""
    shorter = reloaded(text.replace(limit, '= "26B"'))
    assert "suffix length cannot be greater than or equal to limit" in shorter
