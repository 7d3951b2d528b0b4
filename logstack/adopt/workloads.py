"""Resources and volumes of each role, the gateway, the caches, the canary, the image."""

import re
from collections.abc import Mapping

from logstack.adopt.documents import templated
from logstack.adopt.ingress import leads_past_gateway
from logstack.adopt.loki_config import LokiConfig
from logstack.adopt.mode import has_gateway, roles_of, writer_of
from logstack.adopt.paths import Path, at, path_of
from logstack.adopt.reading import Reading
from logstack.adopt.units import format_size, loki_size_of, quantity_of
from logstack.manifests.loki.chart import CACHE_MEMORY_KEY, CACHES, Cache
from logstack.settings import pins
from logstack.settings.model.loki import Gateway
from logstack.settings.model.quantities import kubernetes_cpu, parse_cpu
from logstack.settings.model.roles import Volume
from logstack.settings.model.sizes import CACHE_OVERHEAD, SIZES, Resources, SizeName

_MIB = 1024**2
_SIZE = SizeName.SMALL
_CLAIM = frozenset({"name", "accessModes", "size", "storageClass"})


def parts(reading: Reading, config: LokiConfig) -> None:
    """Take resources, volumes, caches, gateway, canary, scheduling and image over."""
    for role in roles_of(reading):
        volume = role.row.volume
        disk = _disk(reading, role.row.chart_key, volume) if volume else None
        _resources(reading, role, role.row.chart_key, f"resources.{role.key}", disk)
    _storage_class(reading)
    _replay(reading, config)
    _gateway(reading)
    for cache in CACHES:
        _cache(reading, cache)
    _canary(reading)
    _spread(reading)
    _image(reading)
    _own(reading)


def _cpu(value: object) -> int | None:
    try:
        return None if value is None else parse_cpu(value)
    except ValueError:
        return None


def _resources(reading: Reading, part: str, key: str, target: str, disk: int | None) -> None:
    """Take requests and the memory limit over: a memory request without a limit has none in the stack either."""
    row, base = SIZES[_SIZE][part], (key, "resources")
    request = {name: at(reading.values, (*base, "requests", name)) for name in ("cpu", "memory")}
    limit = {name: at(reading.values, (*base, "limits", name)) for name in ("cpu", "memory")}
    cpu = _cpu(request["cpu"]) or _cpu(limit["cpu"])
    most, memory = quantity_of(limit["memory"]), quantity_of(request["memory"]) or quantity_of(limit["memory"])
    other_limit = None if most == memory else most or 0
    resources = Resources.model_construct(
        cpu=cpu or row.cpu, memory=memory or row.memory, memory_limit=other_limit, disk=disk
    )
    if resources != row:
        resource_keys: dict[str, object] = {
            "cpu": kubernetes_cpu(resources.cpu),
            "memory": format_size(resources.memory),
        }
        if other_limit is not None:
            resource_keys["memoryLimit"] = format_size(other_limit) if other_limit else "none"
        if resources.disk:
            resource_keys["disk"] = format_size(resources.disk)
        reading.write(target, resource_keys)
    if cpu is None and memory is None:
        reading.missing(
            f"{key}.resources",
            f"not set: pods have no requests and no limits today; logstack sets those of the size {_SIZE.value}",
            key="size",
        )
    missing = [name for name, value in (("cpu", cpu), ("memory", memory)) if value is None]
    if missing and len(missing) == 1:
        reading.missing(
            f"{key}.resources", f"no {missing[0]} is set: logstack uses that of the size {_SIZE.value}", key=target
        )
    reading.understood((*base, "requests", "cpu"), target)
    if cpu is not None and request["cpu"] is None:
        reading.understood((*base, "limits", "cpu"), target)
    reading.translated(
        (*base, "limits", "cpu"), "logstack sets no CPU limit: a throttled writer refuses pushes", key=target
    )
    reading.understood((*base, "limits", "memory"), target)
    reading.understood((*base, "requests", "memory"), target)
    reading.not_taken(base, "only CPU and memory are converted")


def _disk(reading: Reading, key: str, volume: Volume) -> int | None:
    base, switch = f"{key}.persistence", volume.switch
    claim = _claim(reading, key, volume)
    text_of_size = at(claim, ("size",)) or reading.value(f"{base}.size")
    size = quantity_of(text_of_size)
    if reading.value(f"{base}.{switch}") is False:
        text = "its pods have no volumes today and lose unflushed lines; logstack's pods have volumes"
        reading.translated(f"{base}.{switch}", text, key="resources", decide=True)
        if not reading.has(f"{base}.{switch}"):
            reading.missing(f"{base}.{switch}", f"not set: {text}", key="resources")
    reading.understood(f"{base}.{switch}", "resources")
    if reading.has(f"{base}.size"):
        reading.understood(f"{base}.size", "resources")
    elif size and reading.value(f"{base}.{switch}") is not False and not reading.has(f"{base}.claims"):
        reading.missing(
            f"{base}.size",
            f"not set: the chart's default is {text_of_size}; existing claims keep their size",
            key="resources",
        )
    for name in ("enableStatefulSetAutoDeletePVC", "whenDeleted", "whenScaled"):
        value = at(reading.values, path_of(f"{base}.{name}"))
        if value in (False, "Retain"):
            reading.understood(f"{base}.{name}", text="volumes outlive their StatefulSets")
        else:
            reading.translated(f"{base}.{name}", "logstack's volumes outlive their StatefulSets")
    modes = at(reading.values, path_of(f"{base}.accessModes"))
    if modes == ["ReadWriteOnce"]:
        reading.understood(f"{base}.accessModes")
    return size


def _claim(reading: Reading, key: str, volume: Volume) -> Mapping[str, object] | None:
    """Return a role's only claim if its volumes are a list; None if the list sets more than size and class."""
    claims = at(reading.values, (key, "persistence", "claims"))
    if not volume.has_claim_list or not isinstance(claims, list) or len(claims) != 1:
        return None
    claim = claims[0]
    if not isinstance(claim, Mapping) or claim.get("name") != volume.claim:
        return None
    beside = [name for name, value in claim.items() if value and name not in _CLAIM]
    modes = claim.get("accessModes", ["ReadWriteOnce"])
    return None if beside or modes != ["ReadWriteOnce"] else claim


def _storage_class(reading: Reading) -> None:
    """Take the storage class over: a stack has one for all of Loki's volumes."""
    volumes = [(role.row.chart_key, role.row.volume) for role in roles_of(reading) if role.row.volume]
    paths = [f"{key}.persistence.storageClass" for key, _ in volumes]
    class_by_path: dict[str, object] = {path: reading.text(path) for path in paths if reading.text(path)}
    for key, volume in volumes:
        if name := at(_claim(reading, key, volume), ("storageClass",)):
            class_by_path[f"{key}.persistence.claims"] = name
    classes = sorted({str(name) for name in class_by_path.values()})
    if classes and (len(classes) > 1 or "-" in classes):
        text = (
            f"all of Loki's volumes have one class: the stack file has {classes[0]}"
            if "-" not in classes
            else "volumes without a class must exist in advance; with logstack the cluster's default class creates them"
        )
        for path in class_by_path:
            reading.not_taken(path, text, decide=True)
    if classes and "-" not in classes:
        reading.write("storageClass", classes[0])
    for path in paths:
        reading.understood(path, "storageClass")
    for key, volume in volumes:
        if _claim(reading, key, volume):
            reading.understood(f"{key}.persistence.claims", "resources")
        several = "only one volume per pod is converted, with its size and class"
        reading.not_taken(f"{key}.persistence.claims", several, decide=True)


def _replay(reading: Reading, config: LokiConfig) -> None:
    """Take the memory limit of the WAL replay over; its default is half of the writer's memory."""
    name = "ingester.wal.replay_memory_ceiling"
    size = loki_size_of(config.value(name))
    if not size:
        return
    writer = writer_of(reading)
    memory = quantity_of(reading.key_value(f"resources.{writer.key}.memory")) or SIZES[_SIZE][writer].memory
    if size != memory // 2:
        reading.write("walReplayCeiling", format_size(size))
    reading.understood(config.where(name), "walReplayCeiling")


def _gateway(reading: Reading) -> None:
    if not has_gateway(reading):
        switch = "gateway.enabled" if reading.value("gateway.enabled") is False else "gateway.replicas"
        if leads_past_gateway(reading):
            text = "the stack's ingress leads to a gateway, so it runs one: point clients at loki-gateway"
            reading.translated(switch, text, key="gateway")
        else:
            reading.write("gateway.enabled", False)  # noqa: FBT003 - a value of the stack file
            reading.understood(switch, "gateway.enabled")
        reading.translated("gateway", "the gateway is off today: without effect")
        return
    reading.understood("gateway.enabled", "gateway")
    count = reading.value("gateway.replicas")
    if isinstance(count, int) and count > 0:
        if count != Gateway.model_fields["replicas"].default:
            reading.write("gateway.replicas", count)
        reading.understood("gateway.replicas", "gateway.replicas")
        if not reading.has("gateway.replicas"):
            reading.missing("gateway.replicas", f"not set: the chart's default is {count}", key="gateway.replicas")
    if reading.has("gateway.resources"):
        _resources(reading, "gateway", "gateway", "resources.gateway", None)


def _cache(reading: Reading, cache: Cache) -> None:
    key, target = cache.key, f"caches.{cache.setting}"
    path = f"{key}.{CACHE_MEMORY_KEY}"
    if reading.value(f"{key}.enabled") is False:
        reading.understood(f"{key}.enabled", target, "none")
        reading.translated(key, "the cache is off: without effect")
        return
    reading.understood(f"{key}.enabled", target)
    memory = reading.value(path)
    if isinstance(memory, int) and memory > 0:
        reading.write(target, format_size(memory * _MIB))
        reading.understood(path, target)
        if not reading.has(path):
            text = f"not set: the chart's default is {memory} MiB, and its pod requests {CACHE_OVERHEAD} times as much"
            reading.missing(path, text, key=target)
    else:
        text = "not a number of MiB, so the chart cannot compute with it: write a size, such as 1Gi"
        reading.not_taken(path, text, decide=True)
    reading.translated(f"{key}.resources", "the cache's memory decides", key=target)
    replicas = reading.value(f"{key}.replicas")
    if isinstance(replicas, int) and replicas > 1:
        reading.not_taken(f"{key}.replicas", "logstack runs one pod: give it the memory of all", decide=True)
    else:
        reading.understood(f"{key}.replicas", target)


def _canary(reading: Reading) -> None:
    if reading.value("lokiCanary.enabled") is False:
        reading.write("canary.enabled", False)  # noqa: FBT003 - a value of the stack file
        reading.understood("lokiCanary.enabled", "canary.enabled")
        reading.translated("lokiCanary", "the canary is off: without effect")
        return
    reading.understood("lokiCanary.enabled", "canary.enabled")
    text = "its lines go through the collector, which tests collection too; canary.route: direct pushes them to Loki"
    reading.translated("lokiCanary.push", text, key="canary.route")
    reading.translated("lokiCanary.tenant", "a password is not copied: the canary queries without one", key="canary")
    if reading.has("lokiCanary.resources"):
        reading.translated(
            "lokiCanary.resources", "the size table decides; resources.canary changes it", key="resources.canary"
        )


def _spread(reading: Reading) -> None:
    """Write cluster.singleNode if Loki's pods may share a node."""
    roles = [role.row.chart_key for role in roles_of(reading)]
    loose = any(is_loose(reading, (key, "affinity")) for key in roles)
    text = (
        "pods may share a node: the stack file has cluster.singleNode"
        if loose
        else "pods of one role run on different nodes; other rules are not converted"
    )
    for key in (*roles, "gateway"):
        reading.translated((key, "affinity"), text, key="cluster.singleNode")
    if loose:
        reading.write("cluster.singleNode", True)  # noqa: FBT003 - a value of the stack file


def is_loose(reading: Reading, path: Path) -> bool:
    """Return whether the values remove the chart's rule of one pod per node."""
    rule = (*path, "podAntiAffinity")
    if not reading.has(path):
        return False
    return any(
        reading.by_path.get(each, ...) in (None, [])
        for each in (path, rule, (*rule, "requiredDuringSchedulingIgnoredDuringExecution"))
    )


def _image(reading: Reading) -> None:
    tag = reading.text("loki.image.tag")
    if tag and re.fullmatch(r"\d+\.\d+\.\d+", tag):
        if _numbers(tag) >= _numbers(pins.LOKI_VERSION):
            if tag != pins.LOKI_VERSION:
                reading.write("lokiVersion", tag)
            reading.understood("loki.image.tag", "lokiVersion")
        else:
            text = f"logstack installs Loki {pins.LOKI_VERSION}, with which its configuration is tested"
            reading.translated("loki.image.tag", text, key="lokiVersion")
    elif tag and not templated(tag):
        reading.write("images.loki.tag", tag)
        text = f"no version of Loki's: logstack's configuration is tested with {pins.LOKI_VERSION} alone"
        reading.translated("loki.image.tag", text, key="images.loki.tag", decide=True)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _own(reading: Reading) -> None:
    """Report values that logstack itself writes."""
    for key in ("extraVolumes", "extraVolumeMounts"):
        listed = at(reading.values, ("defaults", key))
        if isinstance(listed, list) and [at(each, ("name",)) for each in listed] == ["overrides"]:
            reading.understood(("defaults", key), text="the same overrides volume as logstack's")
