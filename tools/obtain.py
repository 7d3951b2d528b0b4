"""How a binary is obtained: from PATH, from the cache, as the official release, or built from its Go module."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Literal

from tools import cache, catalog
from tools.build import build, go_or_why_not
from tools.catalog import Binary
from tools.errors import ToolError, cannot_run
from tools.report import Report, Silent, duration, terminal_report

Origin = Literal["PATH", "cache", "release", "build"]


@dataclass(frozen=True)
class Located:
    """A binary that is here."""

    binary: Binary
    path: Path
    origin: Origin
    seconds: float
    """What it took to obtain it; binaries that were built together have the same."""


def find(name: str) -> Path | None:
    """A binary's path if it is on PATH in the pinned version, or in the cache; no network and no build.

    Raises ToolError for a name that is not pinned.
    """
    located = locate(known(name), Silent())
    return located.path if located else None


def obtain(*names: str, report: Report | None = None) -> dict[str, Path]:
    """The paths of binaries by name; those that are missing are downloaded or built, which can take minutes.

    Progress goes to standard error unless another report is given. Raises ToolError.
    """
    return {located.binary.name: located.path for located in install(names, report or terminal_report())}


def known(name: str) -> Binary:
    """A binary by name. Raises ToolError for a name that is not pinned."""
    if binary := catalog.BINARIES.get(name):
        return binary
    raise ToolError(f"No binary is called {name!r}.", cannot_run(name), f"Known are {', '.join(catalog.BINARIES)}.")


def locate(binary: Binary, report: Report) -> Located | None:
    """A binary on PATH in the pinned version, or in the cache; another version on PATH is noted."""
    started = time.monotonic()
    if on_path := which(binary.name):
        path = Path(on_path).absolute()
        complaint = cache.wrong_version(path, binary)
        if complaint is None:
            return Located(binary, path, "PATH", time.monotonic() - started)
        report.note(f"{complaint}: not used")
    return _cached(binary, started)


def install(names: Iterable[str], report: Report) -> tuple[Located, ...]:
    """Binaries in the order of their names, obtained if they are not here. Raises ToolError."""
    binaries = [known(name) for name in dict.fromkeys(names)]
    located = {binary.name: here for binary in binaries if (here := locate(binary, report))}

    def missing() -> list[Binary]:
        return [binary for binary in binaries if binary.name not in located]

    reasons: dict[str, str] = {}
    if missing():
        located |= _from_releases(missing(), reasons, report)
    if missing():
        located |= _from_source(missing(), reasons, report)
    return tuple(located[binary.name] for binary in binaries)


def _cached(binary: Binary, started: float) -> Located | None:
    path = cache.place(binary)
    return Located(binary, path, "cache", time.monotonic() - started) if path.exists() else None


def _by_module(binaries: Sequence[Binary]) -> list[list[Binary]]:
    groups: dict[str, list[Binary]] = {}
    for binary in binaries:
        groups.setdefault(binary.module.name, []).append(binary)
    return list(groups.values())


def _from_releases(binaries: Sequence[Binary], reasons: dict[str, str], report: Report) -> dict[str, Located]:
    """Those of the binaries whose release can be had; why the others' cannot, goes to `reasons`."""
    from tools.release import ReleaseError, Releases  # noqa: PLC0415 - httpx takes 0.1 s, and a cache hit needs none

    releases = Releases(report)
    located: dict[str, Located] = {}
    for group in _by_module(binaries):
        with cache.workspace(group[0].module, report) as folder:
            for binary in group:
                if binary.release is None:
                    continue
                started = time.monotonic()
                try:
                    located[binary.name] = _cached(binary, started) or Located(
                        binary, releases.install(binary, binary.release, folder), "release", time.monotonic() - started
                    )
                except ReleaseError as error:
                    reasons[binary.name] = str(error)
    for names, reason in _grouped(reasons):
        report.note(f"{names}: no release used, {reason}")
    return located


def _from_source(binaries: Sequence[Binary], reasons: Mapping[str, str], report: Report) -> dict[str, Located]:
    """All the binaries; those of one module in one build. Raises ToolError."""
    go, why_not = go_or_why_not()
    if not go:
        raise _no_way(binaries, why_not, reasons)
    located: dict[str, Located] = {}
    for group in _by_module(binaries):
        with cache.workspace(group[0].module, report) as folder:
            here = {binary.name: found for binary in group if (found := _cached(binary, time.monotonic()))}
            rest = [binary for binary in group if binary.name not in here]
            located |= here | (_built(go, rest, folder, report) if rest else {})
    return located


def _built(go: str, binaries: Sequence[Binary], folder: Path, report: Report) -> dict[str, Located]:
    seconds = build(go, binaries, folder, report)
    report.note(f"built {', '.join(binary.name for binary in binaries)} in {duration(seconds)}")
    for binary in binaries:
        if complaint := cache.wrong_version(folder / binary.name, binary):
            raise ToolError(
                f"The build is not what is pinned: {complaint}.",
                cannot_run(binary.name),
                f"Make settings/pins.py, tools/catalog.py and {binary.module.folder}/go.mod agree.",
            )
    return {
        binary.name: Located(binary, cache.install(folder / binary.name, binary), "build", seconds)
        for binary in binaries
    }


def _grouped(reasons: Mapping[str, str]) -> list[tuple[str, str]]:
    """Names and reason, each reason once."""
    return [
        (", ".join(name for name in reasons if reasons[name] == reason), reason)
        for reason in dict.fromkeys(reasons.values())
    ]


def _no_way(binaries: Sequence[Binary], why_not: str, reasons: Mapping[str, str]) -> ToolError:
    tried = "".join(f"\n- {names}: no release, {reason}" for names, reason in _grouped(reasons))
    return ToolError(
        f"Neither on PATH nor in the cache {cache.root()}: {', '.join(map(str, binaries))}.{tried}\n"
        f"- building from source: {why_not}",
        cannot_run(*(binary.name for binary in binaries)),
        "Install Go 1.21 or newer (it fetches the newer Go that a build needs by itself), or let this machine reach "
        "the releases, or put these binaries in these versions on PATH.",
    )
