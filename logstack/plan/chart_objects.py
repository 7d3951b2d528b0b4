"""The objects that the charts render, where Helm and the charts are on this machine; nothing is downloaded."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import which

import yaml

from logstack.binaries.obtain import find
from logstack.manifests.charts import CHART
from logstack.manifests.declaration import Declaration, Json, shown
from logstack.manifests.deployment import platform
from logstack.plan.section import Section
from logstack.settings.model.tree import Settings
from logstack.text.blocks import Block, Heading, Labelled, Paragraph

_FOLDER = "LOGSTACK_CHARTS"


@dataclass(frozen=True)
class ChartObject:
    """One object that a chart renders."""

    kind: str
    name: str


@dataclass(frozen=True)
class ChartObjects:
    """What a chart renders, or why nobody knows."""

    chart: str
    objects: tuple[ChartObject, ...] = ()
    why_not: str = ""


def chart_objects_section(charts: tuple[ChartObjects, ...]) -> Section:
    """Plan the charts' objects, which the comparison has as chart values; the first screen shows what was asked for."""
    blocks = tuple(block for chart in charts for block in _blocks(chart))
    hint = Paragraph("--objects lists them; it needs helm and the charts.")
    return Section("Objects of the charts", "chartObjects", charts, (), layout=blocks or (hint,), summary=blocks)


def _blocks(chart: ChartObjects) -> Iterator[Block]:
    if chart.why_not:
        yield Heading(f"Objects of the chart {chart.chart}")
        yield Labelled([("not listed", chart.why_not)])
    else:
        yield Heading(f"Objects of the chart {chart.chart}: {len(chart.objects)}")
        if chart.objects:
            yield Labelled([(each.kind, each.name) for each in chart.objects])


def chart_objects(settings: Settings, directory: Path) -> tuple[ChartObjects, ...]:
    """Render each chart and list its objects; a chart's path in a stack file is relative to its directory."""
    children = (child for part in platform(settings) for child in part.children)
    return tuple(_objects(child, directory) for child in children if child.type == CHART)


def _objects(declared: Declaration, directory: Path) -> ChartObjects:
    chart = _chart(declared, directory)
    if chart is None:
        name, version = _name(declared), declared.inputs.get("version", "")
        why = f"put {name}-{version}.tgz or the folder {name} into a directory, and set ${_FOLDER} to it"
        return ChartObjects(declared.name, why_not=why)
    helm = find("helm") or which("helm")
    if helm is None:
        return ChartObjects(declared.name, why_not="no helm on this machine; run `logstack tools obtain helm`")
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as values:
        yaml.safe_dump(shown(declared.inputs["values"]), values)
        release, namespace = str(declared.inputs["name"]), str(declared.inputs["namespace"])
        command = [str(helm), "template", release, str(chart), "--namespace", namespace]
        command += ["--skip-crds", "--values", values.name]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        return ChartObjects(declared.name, why_not=run.stderr.strip())
    return ChartObjects(declared.name, tuple(_rendered(run.stdout)))


def _chart(declared: Declaration, directory: Path) -> Path | None:
    """Find the chart on this machine: the stack file's own, or one of a folder of charts."""
    if "version" not in declared.inputs:
        return directory / str(declared.inputs["chart"])
    folder, name = os.environ.get(_FOLDER), _name(declared)
    if not folder:
        return None
    candidates = (Path(folder) / f"{name}-{declared.inputs['version']}.tgz", Path(folder) / name)
    return next((path for path in candidates if path.exists()), None)


def _name(declared: Declaration) -> str:
    """Return the chart's name without its repository; the release may have another name."""
    return str(declared.inputs["chart"]).rpartition("/")[2]


def _rendered(text: str) -> Iterator[ChartObject]:
    documents: Iterator[dict[str, Json]] = yaml.load_all(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    for document in documents:
        metadata = document.get("metadata") if document else None
        if isinstance(metadata, dict):
            yield ChartObject(str(document["kind"]), str(metadata["name"]))
