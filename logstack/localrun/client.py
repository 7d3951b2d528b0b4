"""Loki's HTTP API, as far as the run needs it."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from itertools import cycle
from typing import Any

import httpx

from logstack.localrun.metrics import parse_metrics

_BATCH_BYTES = 512 * 1024
_PAGE = 5000
_PATIENCE_SECONDS = 30
# A query that waits in a scheduler gets no answer when that restarts, even in 120 s (seen twice on a busy machine).
_TRIES = 4
_SECOND = 1_000_000_000
# Without it Loki answers structured metadata among the labels.
_CATEGORIES = {"X-Loki-Response-Encoding-Flags": "categorize-labels"}


@dataclass(frozen=True)
class Entry:
    """A line with its time in nanoseconds."""

    time: int
    line: str


Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Row:
    """An entry with the labels of its stream and its own structured metadata, as pairs in the order of their names."""

    entry: Entry
    labels: Pairs
    metadata: Pairs


@dataclass(frozen=True)
class Pushed:
    """The result of one push."""

    entries: Sequence[Entry]
    status: int
    reason: str

    @property
    def acknowledged(self) -> bool:
        """Whether Loki has promised to keep it."""
        return self.status == HTTPStatus.NO_CONTENT


class Loki:
    """Pushes to any of the writers in turn and asks a reader, as the gateway would."""

    def __init__(self, writers: Sequence[str], reader: str, tenant: str | None = None) -> None:
        """Addresses of the writers and of one reader; the tenant that requests name, if Loki asks for one."""
        self.reader = reader
        self._writers = cycle(writers)
        self._http = httpx.Client(timeout=_PATIENCE_SECONDS, headers={"X-Scope-OrgID": tenant} if tenant else {})

    def push(self, labels: Mapping[str, str], entries: Iterable[Entry], writer: str | None = None) -> list[Pushed]:
        """Push in batches; return any status, even an error."""
        return [self._push(labels, batch, writer or next(self._writers)) for batch in _batches(entries)]

    def _push(self, labels: Mapping[str, str], batch: Sequence[Entry], writer: str) -> Pushed:
        stream = {"stream": dict(labels), "values": [[str(entry.time), entry.line] for entry in batch]}
        try:
            answer = self._http.post(f"{writer}/loki/api/v1/push", json={"streams": [stream]})
        except httpx.TransportError as error:
            return Pushed(batch, 0, str(error))
        return Pushed(batch, answer.status_code, answer.text.strip())

    def get(self, path: str, **parameters: str | int) -> Any:  # noqa: ANN401 - JSON
        """One GET of the reader; raises httpx.HTTPError with Loki's own words."""
        return self._get(path, parameters, {})

    def _get(self, path: str, parameters: Mapping[str, str | int], headers: Mapping[str, str]) -> Any:  # noqa: ANN401
        answer = self._answer(f"{self.reader}{path}", parameters, headers)
        if answer.is_error:
            raise httpx.HTTPStatusError(
                f"{path}: {answer.status_code} {answer.text.strip()}", request=answer.request, response=answer
            )
        return answer.json()

    def _answer(self, url: str, parameters: Mapping[str, str | int], headers: Mapping[str, str]) -> httpx.Response:
        for _ in range(_TRIES - 1):
            with suppress(httpx.ReadTimeout):
                return self._http.get(url, params=parameters, headers=headers)
        return self._http.get(url, params=parameters, headers=headers)

    def entries(self, selector: str, start: int, end: int) -> Iterator[Entry]:
        """Every entry of a selector from `start` to before `end`."""
        return (row.entry for row in self.rows(selector, start, end))

    def rows(self, query: str, start: int, end: int) -> Iterator[Row]:
        """Every entry with its labels and structured metadata, by time, from `start` to before `end`; in pages."""
        known: set[Row] = set()
        while start < end:
            page = self._page(query, start, end)
            yield from (row for row in page if row not in known)
            if len(page) < _PAGE:
                return
            # Another stream may have more entries of the last time.
            last = page[-1].entry.time
            known = {row for row in page if row.entry.time == last}
            start = last if last > start else last + 1

    def _page(self, query: str, start: int, end: int) -> list[Row]:
        parameters: dict[str, str | int] = {"query": query, "start": start, "end": end, "limit": _PAGE}
        answer = self._get("/loki/api/v1/query_range", {**parameters, "direction": "forward"}, _CATEGORIES)
        entries = [
            Row(Entry(int(time), line), _pairs(stream["stream"]), _metadata(extra))
            for stream in answer["data"]["result"]
            for time, line, *extra in stream["values"]
        ]
        return sorted(entries, key=lambda row: row.entry.time)

    def value(self, query: str, time: int) -> float:
        """Return the single number of a metric query's answer; 0 without one."""
        result = self.get("/loki/api/v1/query", query=query, time=time)["data"]["result"]
        return float(result[0]["value"][1]) if result else 0.0

    def is_ready(self, url: str) -> bool:
        """Whether a process says that it is ready."""
        try:
            return self._http.get(f"{url}/ready", timeout=2).status_code == HTTPStatus.OK
        except httpx.TransportError:
            return False

    def ring(self, url: str) -> list[str]:
        """States of the members of the writers' ring, as one process sees it."""
        answer = self._http.get(f"{url}/ring", headers={"Accept": "application/json"})
        return [shard["state"] for shard in answer.json()["shards"]]

    def delete(self, url: str, labels: Mapping[str, str], start: int, end: int) -> None:
        """Ask a compactor to delete a stream's lines, times in nanoseconds; raises httpx.HTTPError when it refuses."""
        times = {"start": start // _SECOND, "end": end // _SECOND + 1}
        path = f"{url}/loki/api/v1/delete"
        self._http.post(path, params={"query": selector(labels), **times}).raise_for_status()

    def deletes(self, url: str) -> list[str]:
        """The state of each delete request that a compactor knows."""
        return [request["status"] for request in self._http.get(f"{url}/loki/api/v1/delete").raise_for_status().json()]

    def compacts(self, url: str) -> bool:
        """Whether a process is the one that compacts; one that is gone does not."""
        try:
            text = self._http.get(f"{url}/metrics").text
        except httpx.TransportError:
            return False
        return parse_metrics(text).total("loki_boltdb_shipper_compactor_running") == 1

    def flush(self, url: str) -> None:
        """Write one writer's chunks to the object store now."""
        self._http.post(f"{url}/flush").raise_for_status()


def selector(labels: Mapping[str, str]) -> str:
    """A stream selector; a JSON string is a LogQL string."""
    return "{" + ", ".join(f"{name}={json.dumps(value)}" for name, value in labels.items()) + "}"


def _metadata(extra: Sequence[Mapping[str, Mapping[str, str]]]) -> Pairs:
    return _pairs(extra[0].get("structuredMetadata", {})) if extra else ()


def _pairs(names: Mapping[str, str]) -> Pairs:
    return tuple(sorted(names.items()))


def _batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        if batch and size + len(entry.line) > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += len(entry.line)
    if batch:
        yield batch
