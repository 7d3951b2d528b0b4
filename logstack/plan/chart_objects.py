"""The charts' own objects, where Helm and the charts are on this machine; nothing is downloaded for them."""

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

_FOLDER = "LOGSTACK_CHARTS"


@dataclass(frozen=True)
class ChartObject:
    """One object that a chart renders."""

    kind: str
    name: str


@dataclass(frozen=True)
class ChartObjects:
    """What a chart renders, or why that is not known."""

    chart: str
    objects: tuple[ChartObject, ...] = ()
    why_not: str = ""


def chart_objects(components: Iterable[ComponentTree], directory: Path) -> tuple[ChartObjects, ...]:
    """Return each chart's objects; a chart's path in a stack file is relative to the file's directory."""
    manifests = (manifest for component in components for manifest in component.manifests)
    return tuple(_objects(manifest, directory) for manifest in manifests if manifest.type == CHART)


def _objects(manifest: Manifest, directory: Path) -> ChartObjects:
    chart = _chart(manifest, directory)
    if chart is None:
        name, version = _name(manifest), manifest.inputs.get("version", "")
        why = f"put {name}-{version}.tgz or the folder {name} into a directory, and name that in ${_FOLDER}"
        return ChartObjects(manifest.name, why_not=why)
    helm = find("helm") or which("helm")
    if helm is None:
        return ChartObjects(manifest.name, why_not="there is no helm on this machine; `logstack tools obtain helm`")
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
    """The chart on this machine: the stack file's own, or one of a folder of charts."""
    if "version" not in manifest.inputs:
        return directory / str(manifest.inputs["chart"])
    folder, name = os.environ.get(_FOLDER), _name(manifest)
    if not folder:
        return None
    found = (Path(folder) / f"{name}-{manifest.inputs['version']}.tgz", Path(folder) / name)
    return next((path for path in found if path.exists()), None)


def _name(manifest: Manifest) -> str:
    """The chart's name, without the mirror that it comes from; a release may be called otherwise."""
    return str(manifest.inputs["chart"]).rpartition("/")[2]


def _rendered(text: str) -> Iterator[ChartObject]:
    documents: Iterator[dict[str, Json]] = yaml.load_all(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    for document in documents:
        metadata = document.get("metadata") if document else None
        if isinstance(metadata, dict):
            yield ChartObject(str(document["kind"]), str(metadata["name"]))
