"""Official releases: downloaded, and believed only with the SHA-256 that their project publishes."""

import gzip
import hashlib
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

import httpx

from logstack.binaries import cache
from logstack.binaries.catalog import Binary, Machine, Release
from logstack.binaries.report import Report

# A closed network that drops packets is noticed in seconds; a slow one may take its time between two packets.
_TIMEOUT = httpx.Timeout(30.0, connect=3.0)

# Checksums are of the archives as they are published: nothing on the way may pack or unpack them.
_AS_IT_IS = {"Accept-Encoding": "identity"}


class ReleaseError(Exception):
    """Why a release was not used, in words."""


class Releases:
    """The projects' download servers. One that cannot be reached is not asked again."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._unreachable: dict[str, str] = {}

    def install(self, binary: Binary, release: Release, folder: Path) -> Path:
        """Download a release of a binary into a workspace, check and unpack it there, and install it in the cache.

        Raises ReleaseError.
        """
        release = release.on(Machine.this(), binary.version)
        name = PurePosixPath(httpx.URL(release.archive).path).name
        published = self._published_sum(release.checksums, name)
        archive = folder / name
        actual = self._download(binary, release.archive, archive)
        if actual != published:
            raise ReleaseError(f"the SHA-256 of {release.archive} is {actual}, but {published} is published")
        unpacked = folder / binary.name
        _unpack(archive, release.member, unpacked)
        if complaint := cache.wrong_version(unpacked, binary):
            raise ReleaseError(complaint)
        return cache.install(unpacked, binary)

    def _published_sum(self, url: str, name: str) -> str:
        with self._opened(url) as response:
            text = response.read().decode(errors="replace")
        for line in text.splitlines():
            # sha256sum marks a file that was read as binary with *.
            match line.split():
                case [published, file] if file.removeprefix("*") == name:
                    return published.lower()
        raise ReleaseError(f"{url} has no checksum of {name}")

    def _download(self, binary: Binary, url: str, target: Path) -> str:
        """Write the URL's content to a file; its SHA-256."""
        digest = hashlib.sha256()
        title = f"downloading {binary}"
        with self._opened(url) as response, target.open("wb") as file, self._report.task(title) as progress:
            total = int(response.headers.get("content-length", 0))
            for block in response.iter_bytes():
                digest.update(block)
                file.write(block)
                done = response.num_bytes_downloaded
                progress(done / total if total else 0.0, f"{done / 1e6:.0f} of {total / 1e6:.0f} MB")
        return digest.hexdigest()

    @contextmanager
    def _opened(self, url: str) -> Iterator[httpx.Response]:
        host = httpx.URL(url).host
        if host in self._unreachable:
            raise ReleaseError(self._unreachable[host])
        try:
            with httpx.stream("GET", url, timeout=_TIMEOUT, follow_redirects=True, headers=_AS_IT_IS) as response:
                response.raise_for_status()
                yield response
        except httpx.HTTPStatusError as error:
            raise ReleaseError(f"{url} answers {error.response.status_code}") from error
        except (httpx.HTTPError, ImportError, ValueError) as error:
            # The last two are a proxy in the environment that httpx cannot use, such as socks5://.
            self._unreachable[host] = f"{host} cannot be reached ({str(error) or type(error).__name__})"
            raise ReleaseError(self._unreachable[host]) from error


def _unpack(archive: Path, member: str, target: Path) -> None:
    """Write the archive's file of that name, in whatever folder it is there, to the target."""
    try:
        with _member(archive, member) as source, target.open("wb") as file:
            shutil.copyfileobj(source, file)
    except (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise ReleaseError(f"{archive.name} cannot be unpacked ({error})") from error
    target.chmod(0o755)


@contextmanager
def _member(archive: Path, member: str) -> Iterator[IO[bytes]]:
    with ExitStack() as opened:
        files: dict[str, Callable[[], IO[bytes] | None]]
        if archive.suffix == ".zip":
            packed = opened.enter_context(zipfile.ZipFile(archive))
            files = {name: partial(packed.open, name) for name in packed.namelist()}
        else:
            tar = opened.enter_context(tarfile.open(archive))
            files = {entry.name: partial(tar.extractfile, entry) for entry in tar if entry.isfile()}
        source = next((open_ for name, open_ in files.items() if PurePosixPath(name).name == member), None)
        stream = source() if source else None
        if stream is None:
            raise ReleaseError(f"{archive.name} has no file {member}")
        yield opened.enter_context(stream)
