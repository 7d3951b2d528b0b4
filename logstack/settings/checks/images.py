"""Registries that no image's name can begin with, and tags of other versions than the tested ones."""

import re
from collections.abc import Iterator

from logstack.settings import pins
from logstack.settings.checks.check import reads
from logstack.settings.problems import Problem, Rule
from logstack.settings.tree import Settings

REGISTRY = Rule(
    "image-registry", "a node refuses the image's name or finds no image by it: the pods do not start (expected)"
)
OTHER_VERSION = Rule(
    "image-of-another-version", "logstack's configuration is not tested with what this image contains", "warning"
)

# The grammar of an image's name (distribution/reference); a host may have upper case there, and no registry needs it.
_REGISTRY = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*")
_SCHEME = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.-]*://")


@reads("images")
def registries(settings: Settings) -> Iterator[Problem]:
    """A registry is a host, with a port and a path or without."""
    images = settings.images
    stated = {f"{component}.registry": image.registry for component, image in images.by_component.items()}
    for key, registry in {"registry": images.registry, **stated}.items():
        if registry is not None and (what := _fault(registry)):
            yield REGISTRY.problem(f"images.{key}", what, _corrected(registry))


def _fault(registry: str) -> str:
    """Return what is wrong with a registry; empty for a good one. What may be a password is not repeated."""
    if "@" in registry:
        return "the registry has a user or a digest"
    if _SCHEME.match(registry):
        return f'"{registry}" has a scheme'
    if registry.endswith("/"):
        return f'"{registry}" ends with a slash'
    if registry != registry.lower():
        return f'"{registry}" has upper-case letters'
    return "" if _REGISTRY.fullmatch(registry) else f'"{registry}" is not a registry'


def _corrected(registry: str) -> str:
    meant = _SCHEME.sub("", registry).strip("/").lower()
    return f"registry: {meant if _REGISTRY.fullmatch(meant) else 'mirror.example.org'}"


@reads("images", "loki_version")
def versions(settings: Settings) -> Iterator[Problem]:
    """A tag names the version that the stack's configuration is for."""
    images = settings.images
    of_stack = {
        "loki": (images.loki, settings.loki_version),
        "alloy": (images.alloy, pins.ALLOY_VERSION),
        "canary": (images.canary, pins.LOKI_VERSION),
        "objectStore": (images.object_store, pins.VERSITYGW_VERSION),
    }
    for component, (image, version) in of_stack.items():
        if image.tag and not re.search(rf"(?<![0-9.]){re.escape(version)}(?![0-9])", image.tag):
            what = f'the tag "{image.tag}" does not contain {version}'
            instead = "logstack:lokiVersion has Loki's version; " if component == "loki" else ""
            fix = f"{instead}tag: {'' if component in ('loki', 'canary') else 'v'}{version}"
            yield OTHER_VERSION.problem(f"images.{component}.tag", what, fix)


CHECKS = (registries, versions)
