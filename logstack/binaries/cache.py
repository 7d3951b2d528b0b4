"""The cache of obtained binaries: one installer at a time, and never an incomplete file."""

import errno
import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from logstack.binaries.catalog import Binary, GoModule, Machine
from logstack.binaries.errors import ToolError
from logstack.binaries.report import Report

# The slowest is macOS looking at a new program for the first time.
_VERSION_TIMEOUT = 30.0


def root() -> Path:
    """The cache's folder: $LOGSTACK_CACHE, or logstack in the user's cache folder."""
    if chosen := os.environ.get("LOGSTACK_CACHE"):
        return Path(chosen).expanduser().absolute()
    if caches := os.environ.get("XDG_CACHE_HOME"):
        return Path(caches).absolute() / "logstack"
    return Path.home() / ".cache" / "logstack"


def installed_path(binary: Binary) -> Path:
    """Return the path of an obtained binary; it depends on the pin, the recipe and the machine."""
    machine = Machine.this()
    names = (binary.name, binary.version, machine.system, machine.architecture, binary.module.recipe())
    return root() / "bin" / "-".join(names) / binary.name


def install(source: Path, binary: Binary) -> Path:
    """Move a file of the cache's workspace to the binary's path, in one atomic step."""
    target = installed_path(binary)
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as file:
        # Else a machine that loses power just after the rename keeps the name and not the content.
        os.fsync(file.fileno())
    source.replace(target)
    return target


def wrong_version(path: Path, binary: Binary) -> str | None:
    """Return why a file is not the pinned binary; None if it prints the pinned version."""
    try:
        answer = subprocess.run(
            [path, *binary.version_arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_VERSION_TIMEOUT,
            check=False,
        ).stdout.decode(errors="replace")
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{path} does not run ({error})"
    # Not 3.7.80, 13.7.8, 3.7.8-rc.1, 3.7.8+fork or go1.26.8.
    if re.search(rf"(?<![\w.])v?{re.escape(binary.version)}(?![\w.+-])", answer):
        return None
    lines = answer.strip().splitlines()
    return f"{path} says {lines[0].strip() if lines else 'nothing'!r}, not {binary.version}"


class BusyError(Exception):
    """Another process has a module's workspace, in words."""


@contextmanager
def workspace(module: GoModule, report: Report, *, wait: bool = True) -> Iterator[Path]:
    """Yield an empty folder in the cache to build a module's binaries in; it is deleted afterwards.

    Two processes never have a module's workspace at once: the second waits, or else raises BusyError. Raises ToolError
    where the disk is full or the cache cannot be written.
    """
    folder = root() / "work" / module.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (root() / "work" / f"{module.name}.lock").open("w") as lock:
            _lock(lock.fileno(), module, report, wait=wait)
            for leftover in folder.iterdir():
                shutil.rmtree(leftover, ignore_errors=True)
            path = Path(tempfile.mkdtemp(dir=folder))
            try:
                yield path
            finally:
                shutil.rmtree(path, ignore_errors=True)
    except OSError as error:
        raise _unwritable(error) from error


def _lock(descriptor: int, module: GoModule, report: Report, *, wait: bool) -> None:
    """Hold the lock; the kernel releases it when the process ends, even if it is killed."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        busy = f"another process is obtaining {module.name}"
        if not wait:
            raise BusyError(busy) from None
        report.note(f"{busy}: waiting for it")
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _unwritable(error: OSError) -> ToolError:
    consequence = "No binary was installed; the existing ones are unchanged."
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        free = shutil.disk_usage(_existing(root())).free
        return ToolError(
            f"The disk of the cache {root()} is full ({free / 1e6:.0f} MB free).",
            consequence,
            "Free some space, or set LOGSTACK_CACHE to a folder on a larger disk.",
        )
    return ToolError(
        f"The cache {root()} cannot be written: {error}.",
        consequence,
        "Make it writable, or set LOGSTACK_CACHE to another folder.",
    )


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())
