"""The objects that the charts render, where Helm and the charts are on this machine; nothing is downloaded."""

import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import which

import yaml

from logstack.binaries.obtain import find
from logstack.manifests.charts import CHART
from logstack.manifests.manifest import ComponentTree, Json, Manifest, mask_secrets
from logstack.plan.section import Section
from logstack.text.blocks import Block, Heading, Labelled, Paragraph

_FOLDER = "LOGSTACK_CHARTS"


@dataclass(frozen=True)
class ChartObject:
    """One object that a chart renders."""

    kind: str
    name: str


@dataclass(frozen=True)
class ChartObjects:
    """The objects of a chart, or why they are unknown."""

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


def chart_objects(components: Iterable[ComponentTree], directory: Path) -> tuple[ChartObjects, ...]:
    """Render each chart and list its objects; a chart's path in a stack file is relative to the file's directory."""
    manifests = (manifest for component in components for manifest in component.manifests)
    return tuple(_objects(manifest, directory) for manifest in manifests if manifest.type == CHART)


def _objects(manifest: Manifest, directory: Path) -> ChartObjects:
    chart = _chart(manifest, directory)
    if chart is None:
        name, version = _name(manifest), manifest.inputs.get("version", "")
        why = f"put {name}-{version}.tgz or the folder {name} into a directory, and set ${_FOLDER} to it"
        return ChartObjects(manifest.name, why_not=why)
    helm = find("helm") or which("helm")
    if helm is None:
        return ChartObjects(manifest.name, why_not="no helm on this machine; run `logstack tools obtain helm`")
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as values:
        yaml.safe_dump(mask_secrets(manifest.inputs["values"]), values)
        release, namespace = str(manifest.inputs["name"]), str(manifest.inputs["namespace"])
        command = [str(helm), "template", release, str(chart), "--namespace", namespace]
        command += ["--skip-crds", "--values", values.name]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        return ChartObjects(manifest.name, why_not=run.stderr.strip())
    return ChartObjects(manifest.name, tuple(_rendered(run.stdout)))


def _chart(manifest: Manifest, directory: Path) -> Path | None:
    """Find the chart on this machine: the stack file's own, or one of a folder of charts."""
    if "version" not in manifest.inputs:
        return directory / str(manifest.inputs["chart"])
    folder, name = os.environ.get(_FOLDER), _name(manifest)
    if not folder:
        return None
    candidates = (Path(folder) / f"{name}-{manifest.inputs['version']}.tgz", Path(folder) / name)
    return next((path for path in candidates if path.exists()), None)


def _name(manifest: Manifest) -> str:
    """Return the chart's name without its repository; the release may have another name."""
    return str(manifest.inputs["chart"]).rpartition("/")[2]


def _rendered(text: str) -> Iterator[ChartObject]:
    documents: Iterator[dict[str, Json]] = yaml.load_all(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    for document in documents:
        metadata = document.get("metadata") if document else None
        if isinstance(metadata, dict):
            yield ChartObject(str(document["kind"]), str(metadata["name"]))
