"""The examples of docs/reference/ci and the page itself agree with the code."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from logstack.ci import failures
from logstack.manifests.deployment import deployment
from logstack.preflight.questions import refuse_unfit_cluster
from tests.support.documents import leaves
from tests.support.reached import FittingCluster
from tests.support.stacks import NAMES, ROOT, SHIPPED, declarations, settings_of

FOLDER = ROOT / "docs/reference/ci"
PAGE = (ROOT / "docs/reference/ci.md").read_text()
MANIFESTS: list[dict[str, Any]] = list(yaml.safe_load_all((FOLDER / "preview-rbac.yaml").read_text()))
READS = {"get", "list", "watch"}


def rules(name: str) -> list[dict[str, list[str]]]:
    (role,) = (
        each for each in MANIFESTS if each["kind"] in ("ClusterRole", "Role") and each["metadata"]["name"] == name
    )
    return list(role["rules"])


def readable() -> set[str]:
    return {resource for rule in rules("logstack-preview") for resource in rule["resources"]}


def test_preview_role_only_reads_and_reads_no_secret() -> None:
    assert all(set(rule["verbs"]) == READS for rule in rules("logstack-preview"))
    assert not {"secrets", "*"} & readable()


@pytest.mark.parametrize("stack", NAMES)
def test_preview_role_reads_each_kind_that_a_stack_declares(stack: str) -> None:
    types = {each.type for each in declarations(settings_of(stack)).values()}
    kinds = {each.rpartition(":")[2] for each in types if re.match(r"kubernetes:(?!helm)", each)}
    names = {f"{kind.lower()}{'es' if kind.endswith('s') else 's'}" for kind in kinds}
    assert names - {"secrets"} <= readable()


@pytest.mark.parametrize("stack", NAMES)
def test_each_question_about_the_cluster_is_allowed_but_those_for_secrets(stack: str) -> None:
    settings = settings_of(stack)
    cluster = FittingCluster(settings)
    refuse_unfit_cluster(settings, deployment(settings), cluster.get)
    # Discovery, such as /apis/apps/v1, is everybody's (system:discovery).
    paths = [urlsplit(path).path for path, _ in cluster.asked]
    asked = {match[1] for path in paths if (match := re.search(r"v1(?:/namespaces/[^/]+)?/([a-z]+)(?:/[^/]+)?$", path))}
    assert {"namespaces", "storageclasses"} <= asked
    assert asked - readable() <= {"secrets"}


@pytest.mark.parametrize("stack", SHIPPED)
def test_drift_role_reads_each_secret_of_a_shipped_stack_by_name(stack: str) -> None:
    declared = declarations(settings_of(stack)).values()
    secret_names = {
        leaf
        for each in declared
        if each.type.endswith(":Secret")
        for path, leaf in leaves(each.inputs)
        if path == "metadata.name"
    }
    (rule,) = rules("logstack-drift")
    assert secret_names <= set(rule["resourceNames"])
    assert rule["verbs"] == ["get"]


def test_bindings_refer_to_roles_and_accounts_that_exist() -> None:
    existing = {(each["kind"], each["metadata"]["name"]) for each in MANIFESTS}
    for each in MANIFESTS:
        if each["kind"].endswith("Binding"):
            assert (each["roleRef"]["kind"], each["roleRef"]["name"]) in existing
            assert {(subject["kind"], subject["name"]) for subject in each["subjects"]} <= existing


@pytest.mark.parametrize(("name", "subject"), [("preview", "STACK-preview"), ("deploy", "STACK")])
def test_aws_role_trusts_one_environment_of_one_repository(name: str, subject: str) -> None:
    (statement,) = json.loads((FOLDER / f"trust-{name}.json").read_text())["Statement"]
    condition = statement["Condition"]["StringEquals"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert condition == {
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
        "token.actions.githubusercontent.com:sub": f"repo:OWNER/REPOSITORY:environment:{subject}",
    }


@pytest.mark.parametrize("failure", failures.ALL, ids=lambda each: str(each.code))
def test_page_lists_every_exit_code(failure: failures.Failure) -> None:
    assert f"| {failure.code} | {failure.what} |" in PAGE


@pytest.mark.parametrize("file", sorted(path for path in (ROOT / "ci").iterdir()), ids=lambda path: path.name)
def test_page_lists_every_script_with_its_usage(file: Path) -> None:
    assert f"`ci/{file.name}" in PAGE
    (usage,) = re.findall(r"^# Usage: (.*)$", file.read_text(), re.MULTILINE)
    assert f"`{usage}`" in PAGE


def test_page_lists_every_secret_and_variable_of_the_workflows() -> None:
    files = [*(ROOT / ".github").rglob("*.yml"), ROOT / ".gitlab-ci.yml"]
    names = {name for file in files for name in re.findall(r"\b(?:secrets|vars)\.([A-Z_]+)", file.read_text())}
    assert names
    assert {name for name in names if f"`{name}`" not in PAGE} == set()


def test_page_has_no_broken_link() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)", PAGE) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / "docs" / "reference" / link).exists()] == []


def test_page_links_every_example() -> None:
    assert [path.name for path in FOLDER.iterdir() if f"(ci/{path.name})" not in PAGE] == []
