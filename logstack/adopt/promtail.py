"""A configuration of Promtail, or values of a collector's chart, as the blocks that Alloy has for the same."""

import json
from collections.abc import Iterator, Mapping

from logstack.adopt.errors import UnreadableError
from logstack.adopt.paths import at, path_of
from logstack.adopt.yaml_files import parse
from logstack.settings.passthrough.alloy_text import AlloyBlock, AlloyTextError, alloy_blocks

_RENAMED = {"labeldrop": "label_drop", "labelallow": "label_keep"}
# Promtail's sources, and Alloy's.
_SOURCES = {
    "journal": "loki.source.journal",
    "syslog": "loki.source.syslog",
    "gelf": "loki.source.gelf",
    "kafka": "loki.source.kafka",
    "gcplog": "loki.source.gcplog",
    "cloudflare": "loki.source.cloudflare",
    "heroku_drain": "loki.source.heroku",
    "loki_push_api": "loki.source.api",
    "windows_events": "loki.source.windowsevent",
    "docker_sd_configs": "loki.source.docker",
}


def collector_blocks(text: str) -> tuple[str, list[AlloyBlock]]:
    """Return the kind of a collector's configuration, and its blocks; raises UnreadableError."""
    document = _document(text)
    if document is None:
        try:
            return "config.alloy", alloy_blocks(text)
        except AlloyTextError as error:
            raise UnreadableError(f"config.alloy, {error}") from None
    if isinstance(content := at(document, path_of("alloy.configMap.content")), str):
        return collector_blocks(content)
    if isinstance(document.get("scrape_configs"), list):
        return "promtail", list(_promtail(document))
    return "promtail", list(_chart(document))


def _document(text: str) -> Mapping[str, object] | None:
    """Return the text as YAML of Promtail or of a chart; None where it is Alloy's."""
    try:
        document = next(iter(parse(text, "the collector's configuration")), None)
    except UnreadableError:
        return None
    known = ("scrape_configs", "config", "alloy", "clients", "snippets")
    return document if isinstance(document, Mapping) and any(key in document for key in known) else None


def _chart(values: Mapping[str, object]) -> Iterator[AlloyBlock]:
    """Yield what the values of Promtail's chart add to its own configuration, which reads the pods of the node."""
    config = values.get("config", values)
    snippets = at(config, ("snippets",))
    relabelled = [
        *(_rules(at(snippets, ("common",))) or _COMMON),
        *_rules(at(snippets, ("extraRelabelConfigs",))),
    ]
    yield AlloyBlock("discovery.kubernetes", "pods")
    yield AlloyBlock("discovery.relabel", "pods", blocks=relabelled)
    yield AlloyBlock("loki.source.file", "pods")
    yield AlloyBlock("loki.process", "pods", blocks=list(_stages(at(snippets, ("pipelineStages",)))))
    for key in ("extraScrapeConfigs", "scrapeConfigs"):
        text = at(snippets, (key,))
        if isinstance(text, str) and text.strip() and "{{" not in text:
            jobs = parse(text, key)[0]
            yield from _promtail({"scrape_configs": jobs})
        elif text:
            yield AlloyBlock(f"promtail.{key}")
    yield from _clients(config)


def _rule(target: str, *sources: str) -> AlloyBlock:
    return AlloyBlock("rule", attributes={"target_label": json.dumps(target), "source_labels": json.dumps(sources)})


# The rules of the chart promtail 6 (snippets.common and scrapeConfigs).
_COMMON = [
    _rule("node_name", "__meta_kubernetes_pod_node_name"),
    _rule("namespace", "__meta_kubernetes_namespace"),
    AlloyBlock(
        "rule",
        attributes={
            "target_label": '"job"',
            "source_labels": '["namespace", "__meta_kubernetes_pod_label_app_kubernetes_io_name"]',
        },
    ),
    _rule("pod", "__meta_kubernetes_pod_name"),
    _rule("container", "__meta_kubernetes_pod_container_name"),
    _rule("app", "__meta_kubernetes_pod_label_app_kubernetes_io_name"),
    _rule("component", "__meta_kubernetes_pod_label_app_kubernetes_io_component"),
]


def _promtail(document: Mapping[str, object]) -> Iterator[AlloyBlock]:
    jobs = document.get("scrape_configs")
    for number, job in enumerate(jobs if isinstance(jobs, list) else []):
        if isinstance(job, Mapping):
            yield from _job(job, str(job.get("job_name") or number))
    yield from _clients(document)


def _job(job: Mapping[str, object], name: str) -> Iterator[AlloyBlock]:
    if job.get("kubernetes_sd_configs"):
        yield AlloyBlock("discovery.kubernetes", name)
        yield AlloyBlock("loki.source.file", name)
    for key, component in _SOURCES.items():
        if key in job:
            settings = job[key]
            group: Mapping[str, object] = settings if isinstance(settings, Mapping) else {}
            texts = {str(item): json.dumps(value) for item, value in group.items()}
            yield AlloyBlock(component, name, attributes=texts)
    groups = job.get("static_configs")
    for group in groups if isinstance(groups, list) else []:
        labels = at(group, ("labels",))
        if isinstance(labels, Mapping) and "__path__" in labels:
            pairs = ", ".join(f"{key} = {json.dumps(str(value))}" for key, value in labels.items())
            yield AlloyBlock("loki.source.file", str(labels.get("job", name)), attributes={"targets": f"[{{{pairs}}}]"})
    if rules := _rules(job.get("relabel_configs")):
        yield AlloyBlock("discovery.relabel", name, blocks=rules)
    if stages := list(_stages(job.get("pipeline_stages"))):
        yield AlloyBlock("loki.process", name, blocks=stages)


def _rules(listed: object) -> list[AlloyBlock]:
    return [
        AlloyBlock("rule", attributes={key: json.dumps(value) for key, value in rule.items()})
        for rule in (listed if isinstance(listed, list) else [])
        if isinstance(rule, Mapping)
    ]


def _stages(listed: object) -> Iterator[AlloyBlock]:
    for stage in listed if isinstance(listed, list) else []:
        for name, settings in stage.items() if isinstance(stage, Mapping) else ():
            yield _stage(str(name), settings if isinstance(settings, Mapping) else {})


def _stage(name: str, settings: Mapping[str, object]) -> AlloyBlock:
    """Return a stage; Promtail's labels and expressions without a value have Alloy's empty one."""
    attributes = dict(_attributes(name, settings))
    inner = list(_stages(settings.get("stages")))
    return AlloyBlock(f"stage.{_RENAMED.get(name, name)}", attributes=attributes, blocks=inner)


def _attributes(name: str, settings: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    if name in ("labels", "static_labels", "structured_metadata"):
        yield "values", _object(settings)
        return
    for key, value in settings.items():
        if key != "stages":
            yield key, _object(value) if isinstance(value, Mapping) else json.dumps(value)


def _object(values: Mapping[str, object]) -> str:
    literal = {str(key): "" if value is None else str(value) for key, value in values.items()}
    texts = (f"{json.dumps(key)} = {json.dumps(text)}" for key, text in literal.items())
    return "{" + ", ".join(texts) + "}"


def _clients(document: object) -> Iterator[AlloyBlock]:
    """Yield the endpoints, with the names of their secrets and without these."""
    listed = at(document, ("clients",))
    clients = [each for each in (listed if isinstance(listed, list) else []) if isinstance(each, Mapping)]
    endpoints: list[AlloyBlock] = []
    labels: dict[str, object] = {}
    for client in clients:
        secrets = [key for key in ("basic_auth", "oauth2", "bearer_token") if key in client]
        attributes = {"tenant_id": json.dumps(str(client["tenant_id"]))} if "tenant_id" in client else {}
        endpoints.append(AlloyBlock("endpoint", attributes=attributes, blocks=[AlloyBlock(key) for key in secrets]))
        external = client.get("external_labels")
        labels |= external if isinstance(external, Mapping) else {}
    if clients:
        yield AlloyBlock("loki.write", "default", attributes={"external_labels": _object(labels)}, blocks=endpoints)
