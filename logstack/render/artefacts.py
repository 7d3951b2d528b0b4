"""The files of a stack: their names and their texts."""

import json
from collections.abc import Iterable, Mapping
from copy import copy

import yaml
from yaml.emitter import ScalarAnalysis

from logstack.manifests.charts import CHART
from logstack.manifests.manifest import CachingDumper
from logstack.render.model import Resource

# Names of files in our ConfigMaps; any other file is named after its ConfigMap.
_FILE_NAMES = {
    ("loki-config", "config.yaml"): "loki.yaml",
    ("loki-overrides", "overrides.yaml"): "overrides.yaml",
    ("alloy-config", "config.alloy"): "config.alloy",
    ("alloy-events-config", "config.alloy"): "events.alloy",
    ("logstack-datasource", "logstack.yaml"): "datasource.yaml",
}


class _Dumper(CachingDumper):
    """Without anchors, and with texts of several lines as they are."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the library's signature
        return True

    def analyze_scalar(self, scalar: str) -> ScalarAnalysis:
        """Allow tabs, by which Alloy indents, in block texts."""
        analysis = super().analyze_scalar(scalar)
        if "\t" not in scalar:
            return analysis
        analysis = copy(analysis)
        analysis.allow_block = super().analyze_scalar(scalar.replace("\t", " ")).allow_block
        return analysis


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def as_yaml(document: object) -> str:
    """Return a document as YAML, in the document's own order."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)


def artefacts(resource: Resource) -> dict[str, str]:
    """Return a resource's files by name: those of a ConfigMap, a chart's values, and the object without them."""
    return {name: _as_text(document) for name, document in _documents(resource).items()}


def artefact(resources: Iterable[Resource], name: str) -> str:
    """Return one file of `all_artefacts`, without rendering the others; empty if there is no such file."""
    of_this_name = [documents[name] for documents in map(_documents, resources) if name in documents]
    return _as_text(of_this_name[-1]) if of_this_name else ""


def _as_text(document: object) -> str:
    return document if isinstance(document, str) else as_yaml(document)


def _documents(resource: Resource) -> dict[str, object]:
    """Return a resource's files by name: texts, and documents that are not YAML text yet."""
    files: dict[str, object] = {}
    inputs = dict(resource.inputs)
    data = inputs.get("data")
    if resource.type.endswith(":ConfigMap") and isinstance(data, Mapping):
        files = {
            _FILE_NAMES.get((resource.called, key), f"{resource.called}.{key}"): str(text) for key, text in data.items()
        }
        del inputs["data"]
    if resource.type == CHART:
        files[f"{resource.called}-values.yaml"] = inputs.pop("values", {})
    if "kind" not in inputs:
        inputs = {key: _indented(value) for key, value in inputs.items()}
    return {**files, object_name(resource): {**inputs, **_options(resource)}}


def _indented(value: object) -> object:
    """Return a policy, which is JSON on one line, with line breaks."""
    if not isinstance(value, str) or not value.startswith('{"'):
        return value
    return json.dumps(json.loads(value), indent=2)


def _options(resource: Resource) -> dict[str, object]:
    """Return the resource's name and Pulumi options, with keys in brackets."""
    options = {"protect": resource.protect, "retainOnDelete": resource.retain_on_delete}
    switches = {f"({key})": True for key, on in options.items() if on}
    return {"(pulumi)": f"{resource.part}/{resource.name}", **switches}


def object_name(resource: Resource) -> str:
    """Return the name of the object's own file: `loki-canary.daemonset.yaml`."""
    return f"{resource.called}.{resource.type.rpartition(':')[2].lower()}.yaml"


def all_artefacts(resources: Iterable[Resource]) -> dict[str, str]:
    """Return the files of all resources."""
    return {name: text for resource in resources for name, text in artefacts(resource).items()}


def manifests(resources: Iterable[Resource]) -> str:
    """Return the Kubernetes objects as one YAML stream; a comment names each other resource."""
    return "".join(map(_manifest, resources))


def _manifest(resource: Resource) -> str:
    source = f"# Source: {resource.part}/{resource.name}  {resource.type}"
    if "kind" in resource.inputs:
        return f"---\n{source}\n{as_yaml(dict(resource.inputs))}"
    hint = "; its objects are the chart's, its values are written by --to" if resource.type == CHART else ""
    return f"{source}: no object of Kubernetes{hint}\n"
