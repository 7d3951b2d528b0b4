"""Packages of the clouds' providers: an extra that is missing is one problem with the line to paste."""

import re
import tomllib
from importlib.machinery import ModuleSpec

import pytest

from logstack.manifests.manifest import ComponentTree, Manifest
from logstack.preflight import provider_packages
from logstack.preflight.provider_packages import module_of, package_of, refuse_missing_packages
from logstack.settings.problems import StackProblems
from tests.support.stacks import ROOT

EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]


def a_component(*tokens: str) -> ComponentTree:
    return ComponentTree("logstack:index:ObjectStore", "store", tuple(Manifest(token, token, {}) for token in tokens))


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let no module be found; return the names that were looked for."""
    sought: list[str] = []

    def find_spec(name: str) -> ModuleSpec | None:
        sought.append(name)
        return None

    monkeypatch.setattr(provider_packages, "find_spec", find_spec)
    return sought


@pytest.mark.parametrize(
    ("token", "line"),
    [
        ("gcp:storage/bucket:Bucket", "pip install 'logstack[gcp]'"),
        ("pulumi:providers:gcp", "pip install 'logstack[gcp]'"),
        ("azure-native:storage:StorageAccount", "pip install 'logstack[azure]'"),
    ],
)
@pytest.mark.usefixtures("nothing_installed")
def test_missing_package_is_one_problem_with_the_line_to_paste(token: str, line: str) -> None:
    with pytest.raises(StackProblems) as refused:
        refuse_missing_packages([a_component(token, token)])
    (problem,) = refused.value.problems
    assert problem.name == "missing-provider-package"
    assert problem.fix.endswith(line)


def test_stack_without_that_cloud_looks_for_no_package(nothing_installed: list[str]) -> None:
    refuse_missing_packages([a_component("aws:s3/bucket:Bucket", "kubernetes:core/v1:Secret", "pulumi:providers:aws")])
    assert nothing_installed == []


def test_installed_packages_are_accepted() -> None:
    refuse_missing_packages([a_component("gcp:storage/bucket:Bucket", "azure-native:storage:StorageAccount")])


@pytest.mark.parametrize(
    ("token", "module"),
    [
        ("gcp:storage/bucket:Bucket", "pulumi_gcp"),
        ("pulumi:providers:azure-native", "pulumi_azure_native"),
        ("kubernetes:core/v1:Secret", "pulumi_kubernetes"),
    ],
)
def test_module_is_named_after_the_package_of_the_type(token: str, module: str) -> None:
    assert module_of(package_of(token)) == module


@pytest.mark.parametrize("extra", EXTRAS)
def test_tests_have_the_least_version_that_an_extra_accepts(extra: str) -> None:
    (requirement,) = EXTRAS[extra]
    name, least = re.fullmatch(r"([a-z-]+)>=([0-9.]+),<[0-9]+", requirement).groups()  # type: ignore[union-attr]
    assert f"\n{name}=={least} " in (ROOT / "requirements-dev.in").read_text()
