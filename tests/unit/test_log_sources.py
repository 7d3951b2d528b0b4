"""A log source is one record: no other code names it, except where a reason is given."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from logstack.manifests.alloy.sources.catalog import LOG_SOURCES
from logstack.settings.checks.labels import LABEL_OF_NOBODY, available_labels, missing_label
from logstack.settings.model.collector import CollectorSettings
from logstack.settings.model.sources import SOURCES, SourceFacts, Sources

ROOT = Path(__file__).parents[2]
FIELDS = {str(field.alias): name for name, field in Sources.model_fields.items()}
SETTINGS = {"logstack/settings/model/sources.py", "logstack/settings/checks/sources.py"}
CATALOG = "logstack/manifests/alloy/sources/catalog.py"
CANARY = "the canary is a pod: without pod logs the collector does not read its lines"
LOCAL = "`try` writes only the log files of pods"
PICTURE = "the picture shows the lines of pods and of events"
ADOPT = "adopt maps a foreign config.alloy to the settings of the source"
EXCEPTIONS = {
    "logstack/settings/checks/labels.py": {
        "pods": "`collector.labels` adds labels of pods",
        "otlp": "its resource attributes become labels",
    },
    "logstack/settings/checks/canary.py": {"pods": CANARY},
    "logstack/localrun/disclosures.py": {"pods": LOCAL},
    "logstack/localrun/machine.py": {"pods": LOCAL},
    "logstack/settings/checks/volumes.py": {"pods": "how pods' lines are read decides where the collector's state is"},
    "logstack/docsgen/picture.py": {"pods": PICTURE, "events": PICTURE},
    "logstack/adopt/collector.py": {"pods": ADOPT, "nodeFiles": ADOPT, "otlp": ADOPT},
    "logstack/diff/rules/data_loss.py": {
        "pods": "it has three values and no switch, so the rule of the other sources does not fit",
        "nodeFiles": "a list without a switch: each entry may be removed",
        "journal": "its units and its age exclude lines while it is on",
    },
}


def named_sources(tree: ast.AST) -> Iterator[str]:
    """Yield the key of each source that code names: by its setting, by its facts, or in a text by its path."""
    constants = {field.upper(): key for key, field in FIELDS.items()}
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="sources") | ast.Attribute(attr="sources"), attr=attribute):
                yield from (key for key, field in FIELDS.items() if field == attribute)
            case ast.ImportFrom(module=str(module), names=names) if module.startswith("logstack") and (
                ".sources" in module
            ):
                yield from (constants[name.name] for name in names if name.name in constants)
            case ast.Constant(value=str(text)):
                yield from (key for key in FIELDS if re.search(rf"\bsources(\.|: \{{+){key}\b", text))


def names_by_module() -> dict[str, set[str]]:
    """Return the keys of the sources that each module names."""
    modules = [*ROOT.glob("logstack/**/*.py"), *ROOT.glob("components/*.py")]
    names = {str(path.relative_to(ROOT)): set(named_sources(ast.parse(path.read_text()))) for path in modules}
    return {module: keys for module, keys in names.items() if keys}


def allowed_names(module: str) -> set[str]:
    """Return the keys that a module may name."""
    if module in SETTINGS or module == CATALOG:
        return set(FIELDS)
    path = Path(module)
    record_keys = {
        key for key, field in FIELDS.items() if str(path.parent) == str(Path(CATALOG).parent) and path.stem == field
    }
    return record_keys | set(EXCEPTIONS.get(module, {}))


def test_log_source_is_named_only_by_its_record_and_its_settings() -> None:
    names = names_by_module()
    assert {
        module: keys - allowed_names(module) for module, keys in names.items() if keys - allowed_names(module)
    } == {}
    # The check does see names.
    assert names["logstack/settings/model/sources.py"] == set(FIELDS)


def test_every_exception_is_still_needed() -> None:
    names = names_by_module()
    assert {module: set(keys) - names.get(module, set()) for module, keys in EXCEPTIONS.items()} == {
        module: set() for module in EXCEPTIONS
    }


@pytest.mark.parametrize(
    "code",
    [
        "on = settings.collector.sources.journal.enabled",
        "sources = x\non = sources.journal",
        "from logstack.settings.model.sources import JOURNAL",
        "from logstack.manifests.alloy.sources.journal import JOURNAL",
        'path = "collector.sources.journal.units"',
        'fix = "{sources: {journal: {enabled: true}}}"',
        'fix = f"{{sources: {{journal: {x}}}}}"',
    ],
)
def test_named_sources_reports_every_way_of_naming_a_source(code: str) -> None:
    assert set(named_sources(ast.parse(code))) == {"journal"}


def test_every_source_has_facts_and_a_record() -> None:
    assert {facts.key for facts in SOURCES} == set(FIELDS)
    assert tuple(record.facts for record in LOG_SOURCES) == SOURCES


@pytest.mark.parametrize("facts", SOURCES, ids=lambda facts: facts.key)
def test_example_of_a_source_turns_only_that_source_on(facts: SourceFacts) -> None:
    off = {"pods": "none"} if facts.key != "pods" else {}
    sources = Sources.model_validate(off | yaml.safe_load(f"{{{facts.example}}}"))
    assert sources.active == (facts,)


@pytest.mark.parametrize(
    ("label", "sources", "example"),
    [("unit", {}, "journal: {enabled: true}"), ("component", {"pods": "none", "events": True}, "pods: files")],
)
def test_fix_for_a_label_of_an_inactive_source_turns_that_source_on(
    label: str, sources: dict[str, object], example: str
) -> None:
    collector = CollectorSettings.model_validate({"sources": sources})
    problem = missing_label("path", label, available_labels(collector), collector, LABEL_OF_NOBODY)
    assert problem.fix == f"remove it, or logstack:collector: {{sources: {{{example}}}}}"
