"""The chart's Ingresses and HTTPRoutes as the one `logstack:ingress`."""

from collections.abc import Iterator, Mapping

from logstack.adopt.mode import has_gateway
from logstack.adopt.paths import Path, at, path_of
from logstack.adopt.reading import Reading

_KEY = "ingress"
# The gateway's own Ingress first: it has the same name and leads to the same Service.
_INGRESSES = ("gateway.ingress", "ingress")
_ROUTES = ("gateway.route", "route")
_ISSUERS = {"cert-manager.io/issuer": "issuer", "cert-manager.io/cluster-issuer": "clusterIssuer"}
_CLASS = "kubernetes.io/ingress.class"
_DATA, _PUSH = "/loki/api/v1", "/loki/api/v1/push"
_ONE = "a stack has one ingress, and the stack file has another one: clients of this one lose access"


def ingress(reading: Reading) -> None:
    """Take the first enabled Ingress or HTTPRoute over; leave any further one to decide."""
    off = None if has_gateway(reading) else "gateway"
    for base in map(path_of, _INGRESSES):
        if base[0] != off and reading.value((*base, "enabled")) is True and _is_first(reading, base):
            _ingress(reading, base)
    for group in map(path_of, _ROUTES):
        routes = at(reading.values, group)
        for name in routes if isinstance(routes, Mapping) else ():
            base = (*group, str(name))
            if base[0] != off and reading.value((*base, "enabled")) is True and _is_first(reading, base):
                _route(reading, base)


def leads_past_gateway(reading: Reading) -> bool:
    """Return whether an Ingress or HTTPRoute leads to Loki's own Services."""
    routes = at(reading.values, ("route",))
    names = routes if isinstance(routes, Mapping) else ()
    bases = (("ingress",), *(("route", str(name)) for name in names))
    return any(reading.value((*base, "enabled")) is True for base in bases)


def _is_first(reading: Reading, base: Path) -> bool:
    """Return whether the stack file has no ingress yet."""
    if reading.key_value(_KEY) is None:
        return True
    reading.not_taken(base, _ONE, decide=True)
    return False


def _ingress(reading: Reading, base: Path) -> None:
    hosts = _hosts(at(reading.values, (*base, "hosts")))
    reading.write(_KEY, {"kind": "ingress"})
    _host(reading, (*base, "hosts"), list(dict.fromkeys(host for host, _ in hosts)))
    paths = [path for _, each in hosts for path in each]
    _path(reading, base, paths or (["/"] if base[0] == "gateway" else _by_part(reading, base)))
    if name := reading.text((*base, "ingressClassName")):
        reading.write(f"{_KEY}.className", name)
    _tls(reading, base)
    _annotations(reading, base)
    for key in ("enabled", "hosts", "ingressClassName", "paths"):
        reading.understood((*base, key), _KEY)
    reading.not_taken((*base, "labels"), "logstack adds no custom labels: tools that read them find none")
    reading.not_taken(base, "no such key in logstack:ingress", decide=True)


def _route(reading: Reading, base: Path) -> None:
    hosts = at(reading.values, (*base, "hostnames"))
    reading.write(_KEY, {"kind": "gateway-api"})
    _host(reading, (*base, "hostnames"), [str(host) for host in hosts] if isinstance(hosts, list) else [])
    matches = at(reading.values, (*base, "matches"))
    matched = [at(each, path_of("path.value")) for each in matches] if isinstance(matches, list) else []
    paths = [str(path) for path in matched if path]
    _path(reading, base, paths or (["/"] if base[0] == "gateway" else _by_part(reading, base)))
    _parent(reading, (*base, "parentRefs"))
    _annotations(reading, base)
    for key in ("enabled", "hostnames", "matches", "paths", "apiVersion", "kind"):
        reading.understood((*base, key), _KEY)
    reading.not_taken((*base, "labels"), "logstack adds no custom labels: tools that read them find none")
    reading.not_taken(base, "no such key in logstack:ingress", decide=True)


def _hosts(listed_hosts: object) -> list[tuple[str, list[str]]]:
    """Hosts with their paths; the chart has a list of names for Loki, and of groups for the gateway."""
    hosts: list[tuple[str, list[str]]] = []
    for each in listed_hosts if isinstance(listed_hosts, list) else []:
        paths = at(each, ("paths",))
        listed = [str(at(path, ("path",)) or "/") for path in paths] if isinstance(paths, list) else []
        hosts.append((str(at(each, ("host",))) if isinstance(each, Mapping) else str(each), listed))
    return hosts


def _host(reading: Reading, path: Path, hosts: list[str]) -> None:
    if hosts:
        reading.write(f"{_KEY}.host", hosts[0])
    else:
        text = "no host is set: the chart uses its example or every host; write the host that clients use"
        reading.missing(".".join(path), text, key=f"{_KEY}.host", decide=True)
    if len(hosts) > 1:
        text = f"a stack has one host: the stack file has {hosts[0]}; clients of the other hosts lose access"
        reading.translated(path, text, key=f"{_KEY}.host", decide=True)


def _by_part(reading: Reading, base: Path) -> list[str]:
    """The paths of the chart's Ingress to Loki itself; its default is all of Loki's API."""
    by_part = at(reading.values, (*base, "paths"))
    groups = by_part if isinstance(by_part, Mapping) else {}
    if not groups:
        return [_DATA]
    # A group that is not set has the chart's default.
    listed = {name: groups.get(name, [_DATA]) for name in ("distributor", "queryFrontend", "ruler", "compactor")}
    return [str(path) for paths in listed.values() for path in (paths if isinstance(paths, list) else [])]


def _path(reading: Reading, base: Path, paths: list[str]) -> None:
    """Write the narrowest of three paths that covers all; report the paths that it does not cover."""
    distinct = {path.rstrip("/") or "/" for path in paths}
    common = distinct.pop() if len(distinct) == 1 else _DATA
    if all(path.startswith(_PUSH) for path in paths):
        common = _PUSH
    if any(path == "/" for path in paths):
        common = "/"
    if common != _DATA:
        reading.write(f"{_KEY}.path", common)
    if beside := sorted(path for path in paths if not path.startswith(common)):
        text = f"clients reach paths below {common}, but not {', '.join(beside)}; `path: /` opens the whole gateway"
        reading.missing(".".join(base), text, key=f"{_KEY}.path", decide=True)
    if base[0] != "gateway":
        text = (
            f"clients reach {common} on the gateway, with its password if it has one. They no longer reach /api/prom, "
            "/otlp and /prometheus on Loki's own Services (`path: /` opens the whole gateway). Removing the release "
            "removes the chart's object"
        )
        reading.missing(".".join(base), text, key=_KEY)


def _tls(reading: Reading, base: Path) -> None:
    path = (*base, "tls")
    listed = at(reading.values, path)
    names = [str(at(each, ("secretName",))) for each in listed] if isinstance(listed, list) else []
    if not names and base[0] == "gateway" and not reading.has(path):
        text = (
            "not set: the chart's default is the Secret loki-gateway-tls for an example host; the stack file has no TLS"
        )
        reading.missing(".".join(path), text, key=f"{_KEY}.tls", decide=True)
    elif names and names[0] != "None":
        reading.write(f"{_KEY}.tls.secretName", names[0])
    elif names:
        text = "without a Secret the controller uses its default certificate: name the Secret, or leave it so"
        reading.translated(path, text, key=f"{_KEY}.tls", decide=True)
    if len(set(names)) > 1:
        reading.translated(
            path, f"a stack has one certificate: the stack file has {names[0]}", key=f"{_KEY}.tls", decide=True
        )
    reading.understood(path, f"{_KEY}.tls")


def _annotations(reading: Reading, base: Path) -> None:
    """Take annotations over: cert-manager's and the class as keys; no snippets, which may contain secrets."""
    annotations: dict[str, object] = {}
    for path, name, value in _annotation_values(reading, (*base, "annotations")):
        if name in _ISSUERS and reading.key_value(f"{_KEY}.tls.secretName"):
            reading.write(f"{_KEY}.tls.{_ISSUERS[name]}", value)
            reading.understood(path, f"{_KEY}.tls.{_ISSUERS[name]}")
        elif name == _CLASS and not reading.key_value(f"{_KEY}.className"):
            reading.write(f"{_KEY}.className", value)
            reading.understood(path, f"{_KEY}.className")
        elif name.endswith("-snippet"):
            text = "not copied, because a controller's snippet may contain a secret: write it as an annotation"
            reading.not_taken(path, text, decide=True)
        else:
            annotations[name] = str(value)
            reading.understood(path, f"{_KEY}.annotations")
    if annotations:
        reading.write(f"{_KEY}.annotations", annotations)


def _annotation_values(reading: Reading, base: Path) -> Iterator[tuple[Path, str, object]]:
    annotations = at(reading.values, base)
    for name, value in annotations.items() if isinstance(annotations, Mapping) else ():
        yield (*base, str(name)), str(name), value


def _parent(reading: Reading, path: Path) -> None:
    """Write the Gateway that the route is attached to."""
    listed = at(reading.values, path)
    parents = listed if isinstance(listed, list) else []
    if not parents:
        text = "no Gateway is set: write the name of an existing one"
        reading.missing(".".join(path), text, key=f"{_KEY}.gateway", decide=True)
        return
    for name in ("name", "namespace", "sectionName"):
        if value := at(parents[0], (name,)):
            reading.write(f"{_KEY}.gateway.{name}", value)
    if len(parents) > 1:
        text = f"a stack uses one Gateway and one listener: the stack file has the first, {at(parents[0], ('name',))}"
        reading.translated(path, text, key=f"{_KEY}.gateway", decide=True)
    reading.understood(path, f"{_KEY}.gateway")
