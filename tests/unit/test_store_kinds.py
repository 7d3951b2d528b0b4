"""Only the settings' classes and manifests/stores distinguish kinds of object store."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from logstack.manifests.stores.kinds import store_kind
from logstack.settings.model.object_store import AccessKey, ObjectStoreSettings, store_class
from tests.support.stacks import NAMES, ROOT, changed, declarations, settings_of

CLASSES = {each.__name__: each for each in get_args(get_args(ObjectStoreSettings)[0])}
KINDS = {get_args(each.model_fields["kind"].annotation)[0] for each in CLASSES.values()}
STORES = ROOT / "logstack/manifests/stores"
# Each module of manifests/stores for one kind has a function of this name.
KIND_FUNCTION = "store_kind"
OWNERS = (STORES, ROOT / "logstack/settings/model/object_store.py")
ALLOWED = {
    "logstack/api.py": "exports the classes for programs of users",
    "logstack/settings/load/parsing.py": "replaces an unreadable store by the kind without further keys",
    "logstack/adopt/": "reads foreign charts, and writes the kind that fits them",
    "logstack/preflight/aws_account.py": "asks AWS about stores in AWS only",
    "logstack/preflight/aws_buckets.py": "asks AWS about stores in AWS only",
    "logstack/preflight/provider_packages.py": "names the extra `azure`, which happens to be a kind's name",
}


def _modules() -> list[Path]:
    files = [ROOT / "__main__.py", *(ROOT / "components").rglob("*.py"), *(ROOT / "logstack").rglob("*.py")]
    return [each for each in files if not any(each.is_relative_to(owner) for owner in OWNERS)]


def _defines_a_kind(path: Path) -> bool:
    functions = (node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef))
    return path.stem != "kinds" and KIND_FUNCTION in functions


KIND_MODULES = {each.stem for each in STORES.glob("*.py") if _defines_a_kind(each)}


def _named_kinds(path: Path) -> Iterator[str]:
    """Yield the names of kinds in a module: class, name in the stack file, or module."""
    package = "logstack.manifests.stores"
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name) if name in CLASSES:
                yield name
            case ast.Constant(value=str() as word) if word in KINDS:
                yield word
            case ast.ImportFrom(module=module, names=names) if module and module.startswith(package):
                imported = {module.removeprefix(f"{package}."), *(each.name for each in names if module == package)}
                yield from imported & KIND_MODULES


@pytest.mark.parametrize("path", _modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_module_does_not_distinguish_kinds_of_store(path: Path) -> None:
    if any(path.relative_to(ROOT).as_posix().startswith(each) for each in ALLOWED):
        return
    assert not set(_named_kinds(path))


@pytest.mark.parametrize("allowed", ALLOWED)
def test_exception_is_still_needed(allowed: str) -> None:
    path = ROOT / allowed
    files = path.rglob("*.py") if path.is_dir() else [path]
    assert any(set(_named_kinds(each)) for each in files)


def test_each_kind_has_one_module() -> None:
    assert len(KIND_MODULES) == len(CLASSES)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_store_class_finds_a_kind_by_its_name_in_the_stack_file(kind: str) -> None:
    assert store_class(kind) in CLASSES.values()


@pytest.mark.parametrize("name", NAMES)
def test_pods_read_the_secret_of_the_settings(name: str) -> None:
    """One value decides the Secret's name, its creator, and what pods read."""
    settings = settings_of(name)
    store = settings.object_store
    assert store_kind(store, settings.cluster).access.access_key == store.access_key
    assert (store.access_key.secret is None) == (store.access_key.made_by in ("identity", "none"))


def test_existing_secret_takes_precedence_over_an_external_secret() -> None:
    """A stack file must not have both; settings built without checks get one Secret all the same."""
    external = {"secretStore": {"name": "vault"}, "remoteKey": "loki/s3"}
    store = {"kind": "s3-compatible", "endpoint": "http://store", "bucket": "logs", "externalSecret": external}
    settings = changed(settings_of("production"), object_store={**store, "credentialsSecret": "mine"})
    assert settings.object_store.access_key == AccessKey("secret", "mine")
    assert [each.type for each in declarations(settings).values() if "secrets" in each.type.lower()] == []
