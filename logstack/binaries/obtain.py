"""How a binary is obtained: from PATH, from the cache, as the official release, or built from its Go module."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shutil import which
from typing import Literal, TypeAlias

from logstack.binaries import cache, catalog
from logstack.binaries.build import build, go_or_why_not
from logstack.binaries.catalog import Binary
from logstack.binaries.errors import ToolError, cannot_run
from logstack.binaries.report import Report, Silent, duration, terminal_report

Origin = Literal["PATH", "cache", "release", "build"]


@dataclass(frozen=True)
class Located:
    """A binary that is here."""

    binary: Binary
    path: Path
    origin: Origin
    seconds: float
    """The time to obtain it; binaries from one build have the same."""


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


def obtain_without_build(name: str, report: Report) -> Path | None:
    """A binary's path from PATH, the cache or its official release, and never from a build, not even another process's.

    Where none of them has it, why is noted, and the answer is None; a network that drops packets costs 3 s. Raises
    ToolError for a name that is not pinned, and for a cache that cannot be written.
    """
    released = partial(_from_releases, reasons={}, report=report, wait=False)
    for located in _first_of([name], partial(_here, report=report), released):
        return located.path
    if known(name).release is None:
        report.note(f"{name}: it has no official release")
    return None


def known(name: str) -> Binary:
    """A binary by name. Raises ToolError for a name that is not pinned."""
    if binary := catalog.BINARIES.get(name):
        return binary
    raise ToolError(
        f'There is no binary "{name}".', cannot_run(name), f"Known binaries: {', '.join(catalog.BINARIES)}."
    )


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
    reasons: dict[str, str] = {}
    return _first_of(
        names,
        partial(_here, report=report),
        partial(_from_releases, reasons=reasons, report=report),
        partial(_from_source, reasons=reasons, report=report),
    )


def build_all(names: Iterable[str], report: Report) -> tuple[Located, ...]:
    """Binaries in the order of their names, built from source unless the cache has them. Raises ToolError."""
    return _first_of(names, _all_cached, partial(_from_source, reasons={}, report=report))


_Way: TypeAlias = Callable[[Sequence[Binary]], Mapping[str, Located]]
"""Gives those of some binaries that it has, by their names."""


def _first_of(names: Iterable[str], *ways: _Way) -> tuple[Located, ...]:
    """Binaries in the order of their names, each by the first way that has it, without those that none has."""
    binaries = [known(name) for name in dict.fromkeys(names)]
    located: dict[str, Located] = {}
    for way in ways:
        if missing := [binary for binary in binaries if binary.name not in located]:
            located |= way(missing)
    return tuple(located[binary.name] for binary in binaries if binary.name in located)


def _here(binaries: Sequence[Binary], report: Report) -> dict[str, Located]:
    return {binary.name: located for binary in binaries if (located := locate(binary, report))}


def _all_cached(binaries: Sequence[Binary]) -> dict[str, Located]:
    return {binary.name: located for binary in binaries if (located := _cached(binary, time.monotonic()))}


def _cached(binary: Binary, started: float) -> Located | None:
    path = cache.installed_path(binary)
    return Located(binary, path, "cache", time.monotonic() - started) if path.exists() else None


def _by_module(binaries: Sequence[Binary]) -> list[list[Binary]]:
    groups: dict[str, list[Binary]] = {}
    for binary in binaries:
        groups.setdefault(binary.module.name, []).append(binary)
    return list(groups.values())


def _from_releases(
    binaries: Sequence[Binary], reasons: dict[str, str], report: Report, *, wait: bool = True
) -> dict[str, Located]:
    """Those of the binaries whose release can be had; why the others' cannot, goes to `reasons`."""
    from logstack.binaries.release import ReleaseError, Releases  # noqa: PLC0415 - httpx takes 0.1 s

    releases = Releases(report)
    located: dict[str, Located] = {}
    for group in _by_module(binaries):
        released = [(binary, binary.release) for binary in group if binary.release]
        try:
            with cache.workspace(group[0].module, report, wait=wait) as folder:
                for binary, release in released:
                    started = time.monotonic()
                    try:
                        located[binary.name] = _cached(binary, started) or Located(
                            binary, releases.install(binary, release, folder), "release", time.monotonic() - started
                        )
                    except ReleaseError as error:
                        reasons[binary.name] = str(error)
        except cache.BusyError as error:
            reasons |= {binary.name: str(error) for binary, _ in released}
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
            here = _all_cached(group)
            missing = [binary for binary in group if binary.name not in here]
            located |= here | (_built(go, missing, folder, report) if missing else {})
    return located


def _built(go: str, binaries: Sequence[Binary], folder: Path, report: Report) -> dict[str, Located]:
    seconds = build(go, binaries, folder, report)
    report.note(f"built {', '.join(binary.name for binary in binaries)} in {duration(seconds)}")
    for binary in binaries:
        if complaint := cache.wrong_version(folder / binary.name, binary):
            raise ToolError(
                f"The build does not match the pin: {complaint}.",
                cannot_run(binary.name),
                f"Make settings/pins.py, binaries/catalog.py and {binary.module.folder}/go.mod agree.",
            )
    return {
        binary.name: Located(binary, cache.install(folder / binary.name, binary), "build", seconds)
        for binary in binaries
    }


def _grouped(reasons: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the names with the reason, each reason once."""
    return [
        (", ".join(name for name in reasons if reasons[name] == reason), reason)
        for reason in dict.fromkeys(reasons.values())
    ]


def _no_way(binaries: Sequence[Binary], why_not: str, reasons: Mapping[str, str]) -> ToolError:
    tried = "".join(f"\n- {names}: no release, {reason}" for names, reason in _grouped(reasons))
    return ToolError(
        f"Not in the cache {cache.root()}: {', '.join(map(str, binaries))}.{tried}\n- building from source: {why_not}",
        cannot_run(*(binary.name for binary in binaries)),
        "Install Go 1.21 or newer (it downloads the Go version that a build needs), or give this machine access to the "
        "releases, or put these binaries in these versions on PATH.",
    )
