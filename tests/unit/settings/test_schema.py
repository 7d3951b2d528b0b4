"""The generated pages, the JSON schema and `Pulumi.yaml` match the settings."""

import json
import re
from pathlib import Path
from shutil import copytree

import pytest
import yaml
from jsonschema import Draft7Validator  # type: ignore[import-untyped]

from logstack.docsgen.pages import main
from logstack.docsgen.stack_file_reference import all_rules, reference
from logstack.docsgen.stack_file_schema import pulumi_yaml
from logstack.settings.load.loader import stacks
from logstack.settings.load.translation import keys
from logstack.settings.tree import Settings

ROOT = Path(__file__).parents[3]
VALIDATOR = Draft7Validator(json.loads((ROOT / "docs" / "stack-file.schema.json").read_text()))


def copy_of_the_project(directory: Path) -> Path:
    copytree(ROOT / "docs", directory / "docs")
    for name in ("Pulumi.yaml", "README.md"):
        (directory / name).write_text((ROOT / name).read_text())
    return directory


def test_committed_pages_equal_the_generated_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"], ROOT) == 0
    assert capsys.readouterr().err == ""


def test_outdated_page_is_reported_and_rewritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = copy_of_the_project(tmp_path)
    page, declarations = project / "docs" / "reference" / "stack-file.md", project / "Pulumi.yaml"
    page.write_text("old")
    declarations.write_text(declarations.read_text().replace("default: 30d", "default: 7d"))
    (project / "docs" / "stack-file.schema.json").unlink()
    assert main(["--check"], project) == 1
    assert page.read_text() == "old"
    assert len(re.findall("is out of date: run `make docs`", capsys.readouterr().err)) == 3
    assert main([], project) == 0
    assert main(["--check"], project) == 0


def test_project_file_keeps_the_text_above_its_generated_part(tmp_path: Path) -> None:
    project = copy_of_the_project(tmp_path)
    file = project / "Pulumi.yaml"
    file.write_text(f"# ours\n{file.read_text()}")
    main([], project)
    assert file.read_text() == f"# ours\n{(ROOT / 'Pulumi.yaml').read_text()}"


def test_project_file_without_the_mark_is_refused() -> None:
    with pytest.raises(ValueError, match="substring not found"):
        pulumi_yaml("name: logstack\nconfig: {}\n")


def test_project_file_requires_only_the_keys_that_every_stack_needs() -> None:
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    assert {key for key, value in declared.items() if "default" not in value} == {"cluster", "objectStore"}
    optional = {field.alias for field in Settings.model_fields.values() if field.default is None}
    assert {field.alias for field in Settings.model_fields.values()} - declared.keys() == optional


def test_declared_defaults_have_their_declared_types() -> None:
    types = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    for key, declaration in declared.items():
        if "default" in declaration:
            assert type(declaration["default"]) is types[declaration["type"]], key
        assert ("items" in declaration) is (declaration["type"] == "array"), key


def test_declared_defaults_equal_those_of_the_settings() -> None:
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    needed = {"cluster": {"name": "a", "context": "a"}, "objectStore": {"kind": "embedded"}}
    defaults = {key: value["default"] for key, value in declared.items() if "default" in value}
    assert Settings.model_validate(needed | defaults) == Settings.model_validate(needed)


@pytest.mark.parametrize("name", stacks(ROOT))
def test_json_schema_accepts_every_committed_stack(name: str) -> None:
    path = ROOT / f"Pulumi.{name}.yaml"
    assert path.read_text().startswith("# yaml-language-server: $schema=docs/stack-file.schema.json\n")
    assert not list(VALIDATOR.iter_errors(yaml.safe_load(path.read_text())))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("logstack:retentoin", "7d"),
        ("retention", "7d"),
        ("logstack:retention", "7"),
        ("logstack:replicationFactor", 0),
        ("logstack:limits", {"maxStream": 5}),
        ("logstack:limits", {"ingestionRate": "10G"}),
        ("logstack:objectStore", {"kind": "minio"}),
        ("logstack:objectStore", {"kind": "embedded", "endpoint": "http://10.0.0.1"}),
        ("logstack:acknowledge", ["replication-evn"]),
        ("logstack:accessKeyId", "AKIA"),
        ("logstack:resources", {"write": {"cpu": "500m", "memory": -1}}),
        ("logstack:resources", {"write": {"cpu": 2000, "memory": "2Gi"}}),
        ("logstack:resources", {"write": {"cpu": 2, "memory": 2}}),
        ("logstack:walReplayCeiling", "1048576"),
        ("logstack:replicas", {"write": 1001}),
        ("logstack:replicas", {"write": "3"}),
        ("logstack:collector", {"sources": {"events": "yes"}}),
        ("logstack:collector", {"parsers": [{"mach": {"app": "a"}}]}),
        ("logstack:collector", {"parsers": [{"match": {"tier": 1}}]}),
        ("logstack:collector", {"parsers": [{"multiline": {"language": "perl"}}]}),
        ("logstack:collector", {"drop": [{"name": "a", "keep": 1}]}),
        ("logstack:collector", {"labels": {"example.com/team": "example.com/team"}}),
        ("logstack:collector", {"indexLabels": ["__name__"]}),
        ("logstack:collector", {"sources": {"nodeFiles": [{"path": "/etc/passwd", "job": "a"}]}}),
        ("logstack:tenants", [{"name": "a b", "namespaces": []}]),
    ],
)
def test_json_schema_refuses_values_that_the_loader_refuses(key: str, value: object) -> None:
    config = yaml.safe_load((ROOT / "Pulumi.production.yaml").read_text())["config"]
    assert list(VALIDATOR.iter_errors({"config": config | {key: value}}))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("kubernetes:context", "other"),
        ("logstack:accessKeyId", {"secure": "v1:abc"}),
        ("logstack:walReplayCeiling", "1048576B"),
        ("logstack:resources", {"write": {"cpu": 0.5, "memory": "1.5Gi"}}),
        ("logstack:resources", {"write": {"cpu": "500m", "memory": "512Mi"}}),
        ("logstack:collector", {"parsers": [{"match": {"app": "a*"}, "format": "json", "fields": {"user": "a.b"}}]}),
        ("logstack:collector", {"drop": [{"name": "a", "keep": 0.1}], "labels": {"team": "example.com/team"}}),
        ("logstack:collector", {"sources": {"journal": {"enabled": True, "maxAge": "1d"}, "otlp": {"grpc": True}}}),
        ("logstack:tenants", [{"name": "a", "namespaces": ["b"]}]),
    ],
)
def test_json_schema_accepts_values_that_the_loader_accepts(key: str, value: object) -> None:
    config = yaml.safe_load((ROOT / "Pulumi.production.yaml").read_text())["config"]
    assert not list(VALIDATOR.iter_errors({"config": config | {key: value}}))


def test_reference_links_each_list_of_groups_to_a_table_of_its_keys() -> None:
    page = reference()
    headings = {re.sub(r"[^\w-]", "", title.lower()) for title in re.findall(r"^## (.+)$", page, re.MULTILINE)}
    links = re.findall(r"\[its keys\]\(#([^)]+)\)", page)
    assert len(links) >= 4
    assert set(links) <= headings


def test_reference_has_every_key_and_rule_with_its_meaning() -> None:
    page = reference()
    assert all(re.search(rf"\b{path.split('.')[-1]}\b", page) for path, _ in keys())
    assert all(f"| `{rule.name}` | {rule.severity} |" in page for rule in all_rules())
    assert not re.search(r"\|\s+\|$", page, re.MULTILINE)
