"""The input: Helm values, a HelmRelease, an Application or a HelmChart, as one release of a chart."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path as File
from typing import cast

from logstack.adopt.errors import UnreadableError
from logstack.adopt.paths import Path, at, path_of, put, spelled_path
from logstack.adopt.yaml_files import Document, parse, read_documents
from logstack.manifests.loki.config import POD_ADDRESS
from logstack.manifests.merge import merged

_KINDS = {
    "HelmRelease": "a Flux HelmRelease",
    "Application": "an Argo CD Application",
    "HelmChart": "a HelmChart of K3s",
}
# Pods have HOSTNAME and a bucket claim's two variables: Loki replaces them when it starts.
_VARIABLE = re.compile(r"\$\{(?!(?:HOSTNAME|BUCKET_HOST|BUCKET_PORT)\})\w+(:[-=][^}]*)?\}")
_KEYS = ("accesskeyid", "secretaccesskey", "sessiontoken")
# Loki has these, and the chart has none of them at the top of its values.
_OF_LOKI = frozenset({"auth_enabled", "schema_config", "storage_config", "common", "server", "limits_config", "target"})
# Charts with Loki as a part, whose values are read as such.
_WITH_PARTS = ("loki-stack",)
# No value, so it can set none.
_RENDERED: Mapping[Path, str] = {("",): ""}
# Keys that tell the chart's values from those of a chart with Loki as a subchart.
_OWN_KEYS = ("deploymentMode", "singleBinary", "loki", "gateway", "write", "backend")


@dataclass(frozen=True)
class Unread:
    """A part of the values that is in another object."""

    path: str
    what: str
    sets: Mapping[Path, str] = field(default_factory=dict)
    """The paths of the values that it sets, with their keys in it; empty where it may set any."""
    stands_for: str | None = None
    """The name of the values file that it is; empty where any file may be it."""
    kind: str = ""
    """The kind of a Kubernetes object that it is."""
    name: str = ""
    """The name of that object."""

    def may_set(self, path: Path) -> bool:
        """Return whether values at a path or below it may be in it."""
        return not self.sets or any(_overlap(path, each) for each in self.sets)


def _overlap(one: Path, other: Path) -> bool:
    depth = min(len(one), len(other))
    return one[:depth] == other[:depth]


@dataclass(frozen=True)
class Release:
    """One release of a chart."""

    values: Mapping[str, object]
    source: str = "Helm values"
    name: str | None = None
    namespace: str | None = None
    chart: str | None = None
    repository: str | None = None
    version: str | None = None
    version_source: str | None = None
    """The object that has the version, if none of the files has it."""
    unread: tuple[Unread, ...] = ()
    notes: tuple[str, ...] = field(default=())
    is_bare: bool = False
    """Whether the values are a loki.yaml."""
    described_chart: str | None = None
    """What it was before it was read as the chart loki."""
    side_by_side: str | None = None
    """Why it cannot be taken over in place, whatever the values."""
    left: tuple[tuple[Path, str], ...] = ()
    """Values of an earlier chart that have no counterpart, and why."""


def read_release(paths: Sequence[File]) -> Release:
    """The files as one release, later values over earlier ones; raises UnreadableError."""
    files = [(path, document) for path in paths for document in read_documents(path)]
    documents = [document for _, document in files]
    manifests = [each for each in documents if "kind" in each and "apiVersion" in each]
    releases = [each for each in manifests if each["kind"] in _KINDS and not _is_flux_source(each)]
    if len(releases) > 1:
        names = ", ".join(str(at(each, path_of("metadata.name"))) for each in releases)
        raise UnreadableError(f"there are {len(releases)} releases ({names}): pass only Loki's")
    if any(each["kind"] == "ApplicationSet" for each in manifests):
        raise UnreadableError(
            "an ApplicationSet is a template of Applications: pass an Application that it created "
            "(kubectl -n argocd get application loki -o yaml)"
        )
    if manifests and not releases:
        kinds = ", ".join(sorted({str(each["kind"]) for each in manifests}))
        raise UnreadableError(f"unsupported kind of object: {kinds}; pass Helm values, a HelmRelease or an Application")
    release = Release({})
    if releases:
        (manifest,) = releases
        readers = {"HelmRelease": _from_flux, "Application": _from_argo, "HelmChart": _from_k3s}
        release = readers[str(manifest["kind"])](manifest, manifests)
    release = _with_files(release, [(path, each) for path, each in files if each not in manifests])
    release = _without_sops(release)
    if not releases and _is_bare(release.values):
        return replace(release, source="Loki's configuration", is_bare=True)
    return release if release.chart in _WITH_PARTS else _unwrapped(release)


def _with_files(release: Release, files: Sequence[tuple[File, Document]]) -> Release:
    """Return a release with values files: those that its manifest names below its own values, all others above."""
    below: dict[str, object] = {}
    above: list[Document] = []
    unread = list(release.unread)
    for path, document in files:
        named = next((each for each in unread if each.stands_for in ("", path.name)), None)
        if named is None:
            above.append(document)
        else:
            unread.remove(named)
            below = merged(below, document)
    values = merged(below, release.values)
    for document in above:
        values = merged(values, document)
    return replace(release, values=values, unread=tuple(unread))


def _is_bare(values: Mapping[str, object]) -> bool:
    """Return whether a document is a loki.yaml: no key of any chart, and at least two that only Loki has."""
    return "loki" not in values and len(_OF_LOKI & values.keys()) > 1


def _is_flux_source(document: Document) -> bool:
    """Flux has a HelmChart too, which has no values."""
    return document["kind"] == "HelmChart" and not str(document["apiVersion"]).startswith("helm.cattle.io/")


def _text(document: object, path: str) -> str | None:
    value = at(document, path_of(path))
    return None if value in (None, "") else str(value)


def _group(document: object, path: str) -> Document:
    value = at(document, path_of(path))
    return value if isinstance(value, dict) else {}


def _list(document: object, path: str) -> list[Document]:
    value = at(document, path_of(path))
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _from_flux(release: Document, manifests: Sequence[Document]) -> Release:
    """Values inline win over those of `valuesFrom`, as Flux merges them."""
    target, own = _text(release, "spec.targetNamespace"), str(_text(release, "metadata.name"))
    source = _group(release, "spec.chartRef") or _group(release, "spec.chart.spec.sourceRef")
    repository = _source(source, manifests)
    values: dict[str, object] = {}
    unread: list[Unread] = []
    for number, reference in enumerate(_list(release, "spec.valuesFrom")):
        map_values = _config_map(reference, manifests)
        if map_values is None:
            _add_unread(unread, f"spec.valuesFrom[{number}]", reference)
        else:
            values = merged(values, map_values)
    if _list(release, "spec.postRenderers"):
        unread.append(Unread("spec.postRenderers", "patches of the rendered chart", _RENDERED))
    # The names of Flux 1 (helm.fluxcd.io/v1) come second.
    version = _text(release, "spec.chart.spec.version") or _text(release, "spec.chart.version")
    version = version or _text(repository, "spec.ref.tag")
    url = _text(repository, "spec.url") or _text(release, "spec.chart.repository")
    chart = _text(release, "spec.chart.spec.chart") or _text(release, "spec.chart.name")
    return Release(
        values=cast("Document", _unescaped(merged(values, _group(release, "spec.values")))),
        source=_KINDS["HelmRelease"],
        name=_text(release, "spec.releaseName") or (f"{target}-{own}" if target else own),
        namespace=target or _text(release, "metadata.namespace"),
        chart=chart or (url.rsplit("/", 1)[-1] if url else None),
        repository=url or _text(source, "name"),
        version=version,
        version_source=None if version or source.get("kind") != "OCIRepository" else f"OCIRepository {source['name']}",
        unread=tuple(unread),
    )


def _unescaped(value: object) -> object:
    """Return values as Flux passes them on: it makes `${NAME}`, which Loki expands, of `$${NAME}`."""
    if isinstance(value, Mapping):
        return {key: _unescaped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_unescaped(item) for item in value]
    return value.replace("$${", "${") if isinstance(value, str) else value


def _source(reference: Document, manifests: Sequence[Document]) -> Document:
    """The repository's own object, where it is in the same files."""
    kind_and_name = (reference.get("kind"), reference.get("name"))
    same = [each for each in manifests if (each["kind"], at(each, path_of("metadata.name"))) == kind_and_name]
    return same[0] if same else {}


def _config_map(reference: Document, manifests: Sequence[Document]) -> Document | None:
    """Values of a ConfigMap that is in the same files; None if it is not. Secrets are never read."""
    config_map = _source(reference, manifests) if reference.get("kind") == "ConfigMap" else {}
    text = _group(config_map, "data").get(str(reference.get("valuesKey", "values.yaml")))
    if not isinstance(text, str):
        return None
    if target := reference.get("targetPath"):
        values: dict[str, object] = {}
        put(values, _set_path(str(target)), text)
        return values
    return _one(text, f"ConfigMap {reference.get('name')}")


def _add_unread(unread: list[Unread], path: str, reference: Document) -> None:
    """Add values that logstack does not read; all single values of one object are one entry."""
    kind, name = str(reference.get("kind")), str(reference.get("name"))
    key = str(reference.get("valuesKey", "values.yaml"))
    target = _set_path(str(reference.get("targetPath") or ""))
    if not target:
        file = None if kind == "Secret" else ""
        unread.append(Unread(path, f"{kind} {name}, key {key}", stands_for=file, kind=kind, name=name))
        return
    earlier = next((each for each in unread if each.sets and (each.kind, each.name) == (kind, name)), None)
    sets = {**(earlier.sets if earlier else {}), target: key}
    what = f"{kind} {name}: {_listing(sets)}"
    entry = Unread(earlier.path if earlier else path, what, sets, kind=kind, name=name)
    if earlier:
        unread[unread.index(earlier)] = entry
    else:
        unread.append(entry)


def _listing(sets: Mapping[Path, str]) -> str:
    """Return the keys of an object, each with the values that it sets."""
    targets: dict[str, list[str]] = {}
    for path, key in sets.items():
        targets.setdefault(key, []).append(spelled_path(path))
    return "; ".join(f"{key} for {', '.join(names)}" for key, names in targets.items())


def _from_argo(release: Document, _manifests: Sequence[Document]) -> Release:
    """Argo CD's order: value files, then values or valuesObject, then parameters."""
    sources = [_group(release, "spec.source"), *_list(release, "spec.sources")]
    charts = [each for each in sources if each.get("chart")] or [each for each in sources if each.get("helm")]
    if not charts:
        raise UnreadableError("the Application has no source with a chart: pass its values file instead")
    source = charts[0]
    helm = _group(source, "helm")
    unread = [
        Unread(
            "spec.source.helm.valueFiles",
            f"the values file {name}; pass it with --values",
            stands_for=str(name).rsplit("/", 1)[-1],
        )
        for name in cast("list[object]", helm.get("valueFiles") or [])
    ]
    unread += [
        Unread("spec.source.helm.fileParameters", f"a file for {name}", {_set_path(name): ""} if name else {})
        for name in (str(each.get("name") or "") for each in _list(helm, "fileParameters"))
    ]
    text = helm.get("values")
    values = _group(helm, "valuesObject") or (_one(text, "spec.source.helm.values") if isinstance(text, str) else {})
    for parameter in _list(helm, "parameters"):
        values = merged(values, _parameter(parameter))
    if not source.get("chart"):
        unread.append(Unread("spec.source.path", "a chart in your own repository, with values next to it"))
    return Release(
        values=values,
        source=_KINDS["Application"],
        name=_text(helm, "releaseName") or _text(release, "metadata.name"),
        namespace=_text(helm, "namespace") or _text(release, "spec.destination.namespace"),
        chart=str(source["chart"]).rsplit("/", 1)[-1] if source.get("chart") else None,
        repository=_text(source, "repoURL"),
        version=_text(source, "targetRevision") if source.get("chart") else None,
        unread=tuple(unread),
    )


def _from_k3s(release: Document, _manifests: Sequence[Document]) -> Release:
    """K3s' and RKE2's own: `--set` over the content."""
    text = _text(release, "spec.valuesContent")
    values = _one(text, "spec.valuesContent") if text else {}
    for name, value in _group(release, "spec.set").items():
        values = merged(values, _parameter({"name": name, "value": value}))
    return Release(
        values=values,
        source=_KINDS["HelmChart"],
        name=_text(release, "metadata.name"),
        namespace=_text(release, "spec.targetNamespace") or _text(release, "metadata.namespace"),
        chart=(_text(release, "spec.chart") or "loki").rsplit("/", 1)[-1],
        repository=_text(release, "spec.repo") or _text(release, "spec.chart"),
        version=_text(release, "spec.version"),
    )


def _parameter(parameter: Document) -> dict[str, object]:
    """A parameter as `helm --set` takes it: a dot is a level, `\\.` a dot."""
    text = str(parameter.get("value", ""))
    values: dict[str, object] = {}
    put(values, _set_path(str(parameter.get("name", ""))), text if parameter.get("forceString") else _typed(text))
    return values


def _set_path(text: str) -> Path:
    return tuple(key.replace(r"\.", ".") for key in re.split(r"(?<!\\)\.", text)) if text else ()


def _typed(text: str) -> object:
    return json.loads(text) if re.fullmatch(r"true|false|null|0|-?[1-9]\d*", text) else text


def _one(text: str, name: str) -> Document:
    document = next(iter(parse(text, name)), None)
    return document if isinstance(document, dict) else {}


def _without_sops(release: Release) -> Release:
    """Remove SOPS' own block, which is not a value."""
    if at(release.values, path_of("sops.mac")) is None:
        return release
    return replace(release, values={key: value for key, value in release.values.items() if key != "sops"})


def _unwrapped(release: Release) -> Release:
    """Return the values of the Loki chart if it is a subchart, whose values are one level deeper."""
    for name, inner in release.values.items():
        if isinstance(inner, Mapping) and _is_whole(inner) and not _is_whole(release.values, beside=name):
            outside = sorted(key for key in release.values if key not in (name, "global"))
            note = f"the values are those of a chart with Loki's as its subchart `{name}`"
            unread = tuple(Unread(key, "a value of the parent chart, not of Loki's", _RENDERED) for key in outside)
            shared = release.values.get("global")
            inside = dict(inner) if shared is None else merged({"global": shared}, inner)
            return replace(release, values=inside, unread=release.unread + unread, notes=(*release.notes, note))
    return release


def _is_whole(values: Mapping[str, object], beside: str | None = None) -> bool:
    """Whether there are keys of the whole chart, and not of its `loki` alone."""
    return any(key in values for key in _OWN_KEYS if key != beside)


def templated(value: object) -> str | None:
    """Return what replaces the value later, described for people; None for a literal value."""
    if not isinstance(value, str):
        return None
    if value == POD_ADDRESS:
        return None  # Loki reads it, as the chart and logstack have it
    if "{{" in value:
        return "a Helm template"
    is_variable = _VARIABLE.search(value) is not None
    return "a variable that Flux, Argo CD, a script or Loki itself replaces" if is_variable else None


def unreadable(path: Path, value: object) -> str | None:
    """Return why a value is unknown, or None. Access keys are never read, so they may be variables."""
    if isinstance(value, str) and value.startswith("ENC["):
        return "encrypted by SOPS"
    if path[-1].lower().replace("_", "") in _KEYS or not isinstance(value, str) or "{{" in value:
        return None
    return templated(value)


def readable(values: Mapping[str, object], path: Path = ()) -> tuple[dict[str, object], list[tuple[Path, str]]]:
    """Return the values that are known, and the unknown ones with the reason."""
    values_known: dict[str, object] = {}
    unread: list[tuple[Path, str]] = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            inner, inner_unread = readable(value, (*path, key))
            unread += inner_unread
            if inner or not value:
                values_known[key] = inner
        elif why := unreadable((*path, key), value):
            unread.append(((*path, key), why))
        else:
            values_known[key] = value
    return values_known, unread
