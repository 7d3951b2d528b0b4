"""Loki's HTTP API, as far as the run needs it."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import cycle
from typing import Any

import httpx

_BATCH_BYTES = 512 * 1024
_PAGE = 5000


@dataclass(frozen=True)
class Entry:
    """A line with its time in nanoseconds."""

    time: int
    line: str


@dataclass(frozen=True)
class Pushed:
    """What became of one push."""

    entries: Sequence[Entry]
    status: int
    reason: str

    @property
    def acknowledged(self) -> bool:
        """Whether Loki has promised to keep it."""
        return self.status == HTTPStatus.NO_CONTENT


class Loki:
    """Pushes to any of the writers in turn and asks a reader, as the gateway would."""

    def __init__(self, writers: Sequence[str], reader: str) -> None:
        """Addresses of the writers and of one reader."""
        self.reader = reader
        self._writers = cycle(writers)
        self._http = httpx.Client(timeout=30)

    def push(self, labels: Mapping[str, str], entries: Iterable[Entry], writer: str | None = None) -> list[Pushed]:
        """Push in batches; an answer other than 204 is told, not raised."""
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
        answer = self._http.get(f"{self.reader}{path}", params=parameters)
        if answer.is_error:
            raise httpx.HTTPStatusError(
                f"{path}: {answer.status_code} {answer.text.strip()}", request=answer.request, response=answer
            )
        return answer.json()

    def entries(self, selector: str, start: int, end: int) -> Iterator[Entry]:
        """Every entry of a selector from `start` to before `end`, in pages; the times of a stream are all different."""
        while start < end:
            page = self.get(
                "/loki/api/v1/query_range", query=selector, start=start, end=end, limit=_PAGE, direction="forward"
            )
            found = [
                Entry(int(time), line) for stream in page["data"]["result"] for time, line, *_ in (stream["values"])
            ]
            yield from sorted(found, key=lambda entry: entry.time)
            if len(found) < _PAGE:
                return
            start = max(entry.time for entry in found) + 1

    def value(self, query: str, time: int) -> float:
        """The single number that a metric query answers; 0 where there is none."""
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

    def flush(self, url: str) -> None:
        """Write one writer's chunks to the object store now."""
        self._http.post(f"{url}/flush").raise_for_status()


def selector(labels: Mapping[str, str]) -> str:
    """A stream selector; a JSON string is a LogQL string."""
    return "{" + ", ".join(f"{name}={json.dumps(value)}" for name, value in labels.items()) + "}"


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
