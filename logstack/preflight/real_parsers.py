"""What a stack passes on, before the real Loki and Alloy, where these are on this machine."""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from logstack.binaries.obtain import find
from logstack.manifests.alloy.config import node_config
from logstack.manifests.loki.config import loki_config, own_config
from logstack.manifests.loki.intake import intake
from logstack.manifests.loki.overrides import loki_overrides
from logstack.manifests.manifest import yaml_text
from logstack.manifests.merge import merged
from logstack.manifests.stores.kinds import store_access
from logstack.settings import pins
from logstack.settings.checks.passthrough import ALLOY_TEXT, REFUSED
from logstack.settings.problems import Problem
from logstack.settings.tree import Settings

# Variables that the pods have from Secrets: any text will do, for nothing is started.
_VARIABLE = re.compile(r"\$\{(\w+)")
# How Loki begins what it says of a configuration: in a line of its own, or in a line of its log.
_ERROR = re.compile(r'failed parsing config: \S+: (?P<parsing>.+)|.*\berr="?(?P<logged>.+?)"?$')
_FIX = "correct the value; Loki's documentation has what it takes"


def cached_refusals(settings: Settings) -> list[Problem]:
    """Return what the programs refuse that are on this machine; nothing is downloaded or built.

    The pinned Loki says nothing of a stack with another version.
    """
    names = ["loki"] if _has_config(settings) and settings.loki_version == pins.LOKI_VERSION else []
    names += ["alloy", "alloysyntax"] if settings.alloy.config else []
    parsers = {name: find(name) for name in names}
    return list(refusals(settings, {name: path for name, path in parsers.items() if path}))


def _has_config(settings: Settings) -> bool:
    return bool(settings.loki.config) or any(tenant.config for tenant in settings.tenants)


def refusals(settings: Settings, parsers: Mapping[str, Path]) -> Iterator[Problem]:
    """Yield what the programs refuse of the values that the stack passes on; nothing for a program that is missing."""
    if loki := parsers.get("loki"):
        yield from _of_loki(settings, loki)
    if text := settings.alloy.config:
        if alloy := parsers.get("alloy"):
            yield from _of_alloy(settings, alloy)
        elif syntax := parsers.get("alloysyntax"):
            yield from _alloy_problems(_run([syntax], text), "")


def _of_loki(settings: Settings, loki: Path) -> Iterator[Problem]:
    store = store_access(settings.object_store, settings.cluster, settings.former_object_store)
    config, own = (build(settings, store, settings.cluster) for build in (loki_config, own_config))
    # Loki opens the overrides when it runs, and not when it checks a configuration.
    documents = {"loki.config": config} if settings.loki.config else {}
    overrides = loki_overrides(settings)["overrides"]
    for number, tenant in enumerate(settings.tenants):
        if tenant.config and isinstance(overrides, Mapping):
            documents[f"tenants[{number}].config"] = merged(own, {"limits_config": overrides[tenant.name]})
    for key, document in documents.items():
        text = yaml_text(document)
        with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            command: list[str | Path] = [loki, f"-config.file={file.name}", "-config.expand-env=true", "-verify-config"]
            run = _run(command, "", dict.fromkeys(_VARIABLE.findall(text), "1"))
        if run.returncode:
            yield REFUSED.problem(key, f"Loki refuses it: {_reason(run.stderr)}", _FIX)


def _reason(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    errors = [match["parsing"] or match["logged"] for line in lines if (match := _ERROR.match(line))]
    found = (errors or lines[-1:] or [""])[0]
    indented = [line.strip() for line in lines if line.startswith("  line ")]
    return "; ".join(indented or [part for part in found.split("\\n") if "PLEASE READ" not in part])


def _of_alloy(settings: Settings, alloy: Path) -> Iterator[Problem]:
    own = node_config(settings.collector, settings.cluster, intake(settings, settings.cluster))
    text = node_config(
        settings.collector,
        settings.cluster,
        intake(settings, settings.cluster),
        passed_on=settings.alloy.config,
    )
    with tempfile.TemporaryDirectory(prefix="logstack-") as folder:
        file = Path(folder) / "config.alloy"
        file.write_text(text, encoding="utf-8")
        stability = f"--stability.level={settings.collector.stability}"
        run = _run([alloy, "validate", stability, file], "")
    yield from _alloy_problems(run, str(file), own.count("\n") + 2)


def _alloy_problems(run: "subprocess.CompletedProcess[str]", file: str, above: int = 0) -> Iterator[Problem]:
    """Yield a problem for each line of a refusal; `above` are the lines before the stack's own blocks."""
    place = re.compile(rf"(?:Error: )?{re.escape(file)}:?(?P<line>\d+):(?P<column>\d+): (?P<reason>.+)")
    found = [match for line in run.stderr.splitlines() if (match := place.match(line))] if run.returncode else []
    for match in found:
        line = int(match["line"]) - above
        yield ALLOY_TEXT.problem("alloy.config", f"line {line}: {match['reason']}", "correct the line")
    if run.returncode and not found:
        yield ALLOY_TEXT.problem("alloy.config", run.stderr.strip().splitlines()[-1], "correct the blocks")


def _run(
    command: Sequence[str | Path], text: str, variables: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, **(variables or {})}
    return subprocess.run(
        command, input=text, capture_output=True, text=True, encoding="utf-8", check=False, env=environment
    )
