"""Lines to measure the pipeline with, in the form of programs that a cluster runs; see mixes.yaml."""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

import yaml

_HEX, _LETTERS = "0123456789abcdef", "bcdfghjklmnpqrstvwxz2456789"
_NAMES = ("cart", "checkout", "payments", "search", "frontend", "mailer", "users", "stock")
_NAMESPACES = ("shop", "kube-system", "monitoring", "ingress-nginx", "cert-manager", "argocd")
_STATUS = ("200", "200", "200", "201", "204", "304", "404", "500")
_FIELD = re.compile("⟨([a-z]+)⟩")
_DIFFERENT = 10_000
_SEED = 15


def cluster_lines(count: int) -> list[str]:
    """Return lines of a Kubernetes cluster, none with a secret; one in six has a word such as token or secret."""
    return _lines(count, _templates()["cluster"])


def secret_lines(count: int) -> list[str]:
    """Return the same with a secret in one line of four."""
    return _lines(count, (*_templates()["cluster"], *_templates()["secrets"] * 2))


MIXES: Mapping[str, Callable[[int], list[str]]] = {"cluster": cluster_lines, "secrets": secret_lines}


@cache
def _templates() -> Mapping[str, list[str]]:
    templates: Mapping[str, list[str]] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text())
    return templates


def _lines(count: int, templates: Sequence[str]) -> list[str]:
    chance = random.Random(_SEED)  # noqa: S311 - the same lines every time
    some = []
    for _ in range(min(count, _DIFFERENT)):
        fields = _fields(chance)
        some.append(_FIELD.sub(lambda field, fields=fields: fields[field[1]], chance.choice(templates)))  # type: ignore[misc]
    return [some[number % len(some)] for number in range(count)]


def _text(chance: random.Random, alphabet: str, length: int) -> str:
    return "".join(chance.choices(alphabet, k=length))


def _fields(chance: random.Random) -> Mapping[str, str]:
    """Return values for the fields of a template."""
    name = chance.choice(_NAMES)
    clock = f"{chance.randrange(24):02d}:{chance.randrange(60):02d}:{chance.randrange(60):02d}"
    return {
        "name": name,
        "ns": chance.choice(_NAMESPACES),
        "pod": f"{name}-{_text(chance, _HEX, 9)}-{_text(chance, _LETTERS, 5)}",
        "uid": "-".join(_text(chance, _HEX, length) for length in (8, 4, 4, 4, 12)),
        "sha": _text(chance, _HEX, 64),
        "id": _text(chance, _HEX, 16),
        "ip": f"10.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(1, 255)}",
        "clock": clock,
        "micros": f"{chance.randrange(10**6):06d}",
        "ts": f"2026-11-27T{clock}.{chance.randrange(1000):03d}Z",
        "n": str(chance.randrange(10, 10_000)),
        "big": str(chance.randrange(10**6, 10**8)),
        "millis": f"{chance.randrange(1, 2000)}.{chance.randrange(1000):03d}",
        "status": chance.choice(_STATUS),
        "secret": _text(chance, _LETTERS + _LETTERS.upper(), 24),
    }
