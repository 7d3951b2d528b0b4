"""The real Alloy accepts what is made for it without a gateway, and the page about collectors of one's own."""

import re
from pathlib import Path

import pytest

from logstack.settings.tree import Settings
from tests.cases.own_collectors import snippets
from tests.cases.pods import STACKS
from tests.support.real import binary, run
from tests.support.stacks import data, declarations

pytestmark = pytest.mark.prove


@pytest.mark.parametrize("mode", ["simple-scalable", "monolithic", "distributed"])
def test_alloy_accepts_a_configuration_without_a_gateway(mode: str, tmp_path: Path) -> None:
    single = {"replicationFactor": 1} if mode == "monolithic" else {}
    settings = Settings.model_validate({**STACKS[mode], **single, "gateway": {"enabled": False}})
    file = tmp_path / "config.alloy"
    file.write_text(data(declarations(settings), "alloy/alloy-config"))
    answer = run([binary("alloy"), "validate", file])
    assert answer.returncode == 0, answer.stderr


def test_alloy_accepts_a_configuration_without_structured_metadata(tmp_path: Path) -> None:
    parsers = [{"format": "json", "timestamp": {"field": "t", "format": "Unix"}}]
    sources = {"journal": {"enabled": True}, "otlp": {"http": True}, "push": True}
    collector = {"parsers": parsers, "sources": sources}
    settings = Settings.model_validate({**STACKS["distributed"], "collector": collector, "structuredMetadata": False})
    file = tmp_path / "config.alloy"
    file.write_text(data(declarations(settings), "alloy/alloy-config"))
    # The time at which a line was read is structured metadata between the collector's own parts.
    assert set(re.findall(r"structured_metadata \{\n\t*values = (.*)", file.read_text())) == {
        '{"logstack_read" = "time"}',
        '{"logstack_read" = "timestamp"}',
    }
    answer = run([binary("alloy"), "validate", file])
    assert answer.returncode == 0, answer.stderr


def test_alloy_accepts_the_configurations_of_the_page(tmp_path: Path) -> None:
    texts = snippets("alloy")
    assert len(texts) == 2
    for number, text in enumerate(texts):
        file = tmp_path / f"{number}.alloy"
        file.write_text(f"{text}\n")
        answer = run([binary("alloy"), "validate", file])
        assert answer.returncode == 0, answer.stderr


def test_alloy_reads_the_configuration_of_an_opentelemetry_collector(tmp_path: Path) -> None:
    """Alloy converts it with the collector's own parser, and accepts the result."""
    (text,) = [each for each in snippets("yaml") if "exporters:" in each]
    file, converted = tmp_path / "otel.yaml", tmp_path / "otel.alloy"
    file.write_text(text)
    answer = run([binary("alloy"), "convert", "--source-format=otelcol", f"--output={converted}", file])
    assert answer.returncode == 0, answer.stderr
    assert "otelcol.exporter.otlphttp" in converted.read_text()
    answer = run([binary("alloy"), "validate", converted])
    assert answer.returncode == 0, answer.stderr
