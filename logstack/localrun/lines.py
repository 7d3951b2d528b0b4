"""Log files as the streams that the collector would make of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from logstack.localrun.pods import Pod
from logstack.settings.model.collector import CollectorSettings
from logstack.settings.model.quantities import kubernetes_size

NAMESPACE = "try"
SAMPLE = Path(__file__).parent / "sample.log"
# One run takes a minute; a larger file is cut here, and the report says so.
MAX_BYTES = 64 * 1024**2
_PROBE = 8192


class LogFileError(Exception):
    """A log file that cannot be used, and why."""


@dataclass(frozen=True)
class LogFile:
    """The lines of one file, each with the newline off."""

    path: Path
    lines: tuple[str, ...]
    cut_at: int | None
    """Bytes read of a file that is larger than MAX_BYTES."""
    replaced: int
    """Lines that were not UTF-8, which Loki requires."""

    @property
    def size(self) -> int:
        """Bytes of the lines."""
        return sum(len(line.encode()) for line in self.lines)


def read_log_files(paths: Sequence[Path]) -> list[LogFile]:
    """The files' lines; raises LogFileError that names every file that cannot be used."""
    files: list[LogFile] = []
    problems: list[str] = []
    for path in paths:
        try:
            files.append(_read(path))
        except LogFileError as error:
            problems.append(str(error))
    if problems:
        raise LogFileError("\n".join(problems))
    return files


def _read(path: Path) -> LogFile:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise LogFileError(f"{path}: {error.strerror or error}; give a readable text file") from error
    if b"\0" in raw[:_PROBE]:
        raise LogFileError(f"{path}: not a text file (it has NUL bytes); give a text file, unpack an archive first")
    cut = len(raw) > MAX_BYTES
    if cut:
        raw = raw[: raw.rfind(b"\n", 0, MAX_BYTES) + 1 or MAX_BYTES]
    lines = tuple(line for line in raw.decode(errors="replace").replace("\r\n", "\n").split("\n") if line)
    if not lines:
        raise LogFileError(f"{path}: empty file; give a file with at least one line")
    replaced = sum("�" in line for line in lines)
    return LogFile(path, lines, len(raw) if cut else None, replaced)


def file_pod(file: LogFile, number: int, collector: CollectorSettings) -> Pod:
    """Pod number `number`, which writes this file's lines; the stack's collector wants it and finds all its labels."""
    app = _label(file.path.stem)
    labels = {
        "app.kubernetes.io/name": app,
        "app.kubernetes.io/component": app,
        **dict.fromkeys(collector.labels.values(), app),
        **collector.pods.only,
    }
    return Pod(NAMESPACE, f"{app}-{number}", app, labels)


def stream_labels(pod: Pod, cluster: str, collector: CollectorSettings) -> dict[str, str]:
    """The labels that the stack's collector gives a pod's lines on stdout."""
    everything = {
        "cluster": cluster,
        "namespace": pod.namespace,
        "pod": pod.name,
        "container": pod.container,
        "app": pod.labels["app.kubernetes.io/name"],
        "component": pod.labels["app.kubernetes.io/component"],
        "job": f"{pod.namespace}/{pod.container}",
        "stream": "stdout",
        "container_runtime": "containerd",
        "node": pod.node,
        **{label: pod.labels[key] for label, key in collector.labels.items()},
    }
    return {label: everything[label] for label in collector.stream_labels if label in everything}


def _label(stem: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in stem.lower()).strip("-") or "log"


def timestamped(lines: Sequence[str], end: int) -> Iterator[tuple[int, str]]:
    """Each line with a time of its own, a millisecond apart, the last one at `end` (nanoseconds)."""
    first = end - (len(lines) - 1) * 1_000_000
    return ((first + index * 1_000_000, line) for index, line in enumerate(lines))


def cut_notice(file: LogFile) -> str:
    """Return a note about a file that was cut or changed; empty for any other file."""
    notices = []
    if file.cut_at:
        notices.append(f"only the first {kubernetes_size(MAX_BYTES)} are used")
    if file.replaced:
        notices.append(f"{file.replaced} lines are not UTF-8: their invalid bytes were replaced")
    return "; ".join(notices)
