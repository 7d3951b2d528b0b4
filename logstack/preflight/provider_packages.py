"""Whether the Python packages of the clouds' providers are installed; the large ones are extras of logstack."""

from collections.abc import Iterable
from importlib.util import find_spec

from logstack.manifests.manifest import ComponentTree
from logstack.settings.problems import Problem, StackProblems

# The extra of pyproject.toml that brings the provider of the package; the providers of all others always come along.
_EXTRAS = {"gcp": "gcp", "azure-native": "azure"}


def refuse_missing_packages(components: Iterable[ComponentTree]) -> None:
    """Raises StackProblems if a resource of the components needs a provider whose package is not installed."""
    needed = {package_of(manifest.type) for component in components for manifest in component.manifests}
    missing = [package for package in _EXTRAS if package in needed and not find_spec(module_of(package))]
    if missing:
        raise StackProblems(map(_problem, missing))


def package_of(token: str) -> str:
    """Return the Pulumi package of a type token: gcp of gcp:storage/bucket:Bucket and of pulumi:providers:gcp."""
    package, _, name = token.split(":")
    return name if package == "pulumi" else package


def module_of(package: str) -> str:
    """Return the Python module of a Pulumi package: pulumi_azure_native of azure-native."""
    return f"pulumi_{package.replace('-', '_')}"


def _problem(package: str) -> Problem:
    return Problem(
        name="missing-provider-package",
        path="logstack:objectStore.kind",
        what=f"the store needs the Python package pulumi-{package}, which is not installed",
        consequence="the program could not declare the bucket; nothing was registered",
        fix=f"install it where the program runs: pip install 'logstack[{_EXTRAS[package]}]'",
    )
