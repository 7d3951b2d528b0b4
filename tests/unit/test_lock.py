"""The lock is closed: whatever a pinned package requires, with its extras and markers, is pinned too.

pip checks this at installation only. An old pip (22.3, not 26.3) looks for coverage[toml] in the index even where
coverage is pinned, and refuses what it finds once that is newer than the pin. This test reads the metadata of the
installed packages and needs no network.
"""

import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, distributions
from itertools import product

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name

from tests.support.stacks import ROOT

LOCKS = ("requirements", "requirements-dev")
# The first and the last patch release: markers such as python_full_version <= "3.11.0a6" cut a minor version in two.
PYTHONS = [f"3.{minor}.{patch}" for minor in range(11, 15) for patch in (0, 99)]
PLATFORMS = [("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "x86_64"), ("darwin", "arm64")]

Requires = Callable[[NormalizedName], list[Requirement]]


@dataclass(frozen=True)
class Pin:
    """One entry of a lock."""

    requirement: Requirement
    hashes: frozenset[str]

    @property
    def name(self) -> NormalizedName:
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        (specifier,) = self.requirement.specifier
        assert specifier.operator == "=="
        assert "*" not in specifier.version
        return specifier.version

    def applies(self, environment: Mapping[str, str]) -> bool:
        marker = self.requirement.marker
        return marker is None or marker.evaluate(dict(environment))


def _environment(python: str, system: str, machine: str) -> dict[str, str]:
    return {
        "implementation_name": "cpython",
        "implementation_version": python,
        "os_name": "posix",
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": system.capitalize(),
        "platform_version": "",
        "python_full_version": python,
        "python_version": python.rpartition(".")[0],
        "sys_platform": system,
    }


ENVIRONMENTS = [_environment(python, *platform) for python, platform in product(PYTHONS, PLATFORMS)]
INSTALLED: dict[NormalizedName, Distribution] = {canonicalize_name(each.name): each for each in distributions()}


def _lines(text: str) -> Iterator[str]:
    for line in text.replace("\\\n", " ").splitlines():
        content = re.sub(r"(^|\s)#.*", "", line).strip()
        if content:
            yield content


def _pins(lock: str) -> list[Pin]:
    entries = (re.split(r"\s+--hash=", line) for line in _lines(lock))
    return [Pin(Requirement(requirement), frozenset(hashes)) for requirement, *hashes in entries]


def _inputs(name: str) -> list[Requirement]:
    """Return what requirements*.in asks for, the files that it includes too."""
    requirements: list[Requirement] = []
    for line in _lines((ROOT / name).read_text()):
        requirements += _inputs(line.removeprefix("-r ")) if line.startswith("-r ") else [Requirement(line)]
    return requirements


def _lock(name: str) -> str:
    return (ROOT / f"{name}.txt").read_text()


@cache
def _installed_requires(name: NormalizedName) -> list[Requirement]:
    return [Requirement(line) for line in INSTALLED[name].requires or []] if name in INSTALLED else []


def _active(requirement: Requirement, environment: Mapping[str, str], extras: Iterable[str] = ()) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({**environment, "extra": extra}) for extra in ("", *extras))


@cache
def _active_requirements(
    requires: Requires, name: NormalizedName, environment: frozenset[tuple[str, str]], extras: frozenset[str]
) -> list[Requirement]:
    return [each for each in requires(name) if _active(each, dict(environment), extras)]


def _gaps(pins: list[Pin], inputs: list[Requirement], requires: Requires, environment: Mapping[str, str]) -> list[str]:
    """Return what one environment needs from outside the lock, and the pins that nothing requires."""
    target = f"Python {environment['python_full_version']}, {environment['sys_platform']}"
    key = frozenset(environment.items())
    available = {pin.name: pin for pin in pins if pin.applies(environment)}
    gaps: list[str] = []
    visited: set[NormalizedName] = set()
    pending = [("requirements*.in", each) for each in inputs if _active(each, environment)]
    while pending:
        source, requirement = pending.pop()
        name = canonicalize_name(requirement.name)
        pin = available.get(name)
        if pin is None:
            gaps.append(f'{source} requires "{requirement}", which is not pinned for {target}')
            continue
        missing = requirement.extras - pin.requirement.extras
        if missing:
            gaps.append(f'{source} requires "{requirement}", pinned without [{",".join(sorted(missing))}]')
        if not requirement.specifier.contains(pin.version, prereleases=True):
            gaps.append(f'{source} requires "{requirement}", pinned as {pin.version}')
        if name not in visited:
            visited.add(name)
            active = _active_requirements(requires, name, key, frozenset(pin.requirement.extras))
            pending += [(name, each) for each in active]
    gaps += [f"{name} is pinned, but nothing requires it on {target}" for name in sorted(available.keys() - visited)]
    return gaps


def _all_gaps(lock: str, inputs: list[Requirement], requires: Requires = _installed_requires) -> list[str]:
    pins = _pins(lock)
    return list(dict.fromkeys(gap for each in ENVIRONMENTS for gap in _gaps(pins, inputs, requires, each)))


def _unreadable(pins: list[Pin]) -> tuple[list[str], list[str]]:
    """Return the pins that differ from what is installed, and those that no installation here can have."""
    here = {key: str(value) for key, value in default_environment().items()}
    differing: list[str] = []
    elsewhere: list[str] = []
    for pin in pins:
        installed = INSTALLED[pin.name].version if pin.name in INSTALLED else "not installed"
        if pin.applies(here) and installed != pin.version:
            differing.append(f"{pin.name}: pinned {pin.version}, installed: {installed}")
        elif not pin.applies(here) and any(map(pin.applies, ENVIRONMENTS)):
            elsewhere.append(pin.name)
    return differing, elsewhere


@pytest.mark.parametrize("name", LOCKS)
def test_installed_packages_are_the_pinned_ones(name: str) -> None:
    differing, elsewhere = _unreadable(_pins(_lock(name)))
    if elsewhere:
        warnings.warn(f"{name}.txt: not for this Python, so not checked: {', '.join(elsewhere)}", stacklevel=1)
    assert differing == [], "the metadata of other versions says nothing about the lock: run `make lock-check`"


@pytest.mark.parametrize("name", LOCKS)
def test_lock_pins_exactly_what_its_packages_require(name: str) -> None:
    assert _all_gaps(_lock(name), _inputs(f"{name}.in")) == []


@pytest.mark.parametrize("name", LOCKS)
def test_pinned_packages_run_on_every_supported_python(name: str) -> None:
    unfit = [
        f"{pin.name} asks for Python {supported}, not {environment['python_full_version']}"
        for pin in _pins(_lock(name))
        if pin.name in INSTALLED and (supported := INSTALLED[pin.name].metadata["Requires-Python"])
        for environment in ENVIRONMENTS
        if pin.applies(environment) and environment["python_full_version"] not in SpecifierSet(supported)
    ]
    assert unfit == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_is_one_version_with_hashes(name: str) -> None:
    for pin in _pins(_lock(name)):
        assert pin.version, pin
        assert pin.requirement.url is None, pin
        assert pin.hashes, pin
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", each) for each in pin.hashes), pin


@pytest.mark.parametrize("name", LOCKS)
def test_lock_names_no_registry(name: str) -> None:
    assert re.findall(r"\S+://\S+|--[\w-]*(?:index|find-links|host)[\w-]*", _lock(name)) == []


def test_both_locks_pin_the_same_versions() -> None:
    """`make` installs both in turn: the second must change no version."""
    development = {pin.name: pin for pin in _pins(_lock("requirements-dev"))}
    for pin in _pins(_lock("requirements")):
        same = development[pin.name]
        assert (same.version, same.hashes) == (pin.version, pin.hashes), pin.name
        assert same.requirement.extras >= pin.requirement.extras, pin.name


# Each change breaks the lock in one way; the message is the gap. The first one is what --strip-extras did.
BREAKS = {
    "an extra of a transitive requirement": (
        (r"^coverage\[toml\]==", "coverage=="),
        r'pytest-cov requires "coverage\[toml\].*", pinned without \[toml\]',
    ),
    "an extra of an input": (
        (r"^moto\[iam, s3, sts\]==", "moto[iam,sts]=="),
        r'requirements\*.in requires "moto\[iam,s3,sts\]==.*", pinned without \[s3\]',
    ),
    "a pin": (
        (r"^pluggy==(.*\\\n)+.*\n", ""),
        r'pytest requires "pluggy.*", which is not pinned for Python 3.11.0, linux',
    ),
    "the pin of an extra's requirement": (
        (r"^py-partiql-parser==(.*\\\n)+.*\n", ""),
        r'moto requires "py-partiql-parser.*", which is not pinned for Python 3.11.0, linux',
    ),
    "a pin on one system": (
        (r"^(pluggy==\S+)", r"\1 ; sys_platform == 'linux'"),
        r'pytest requires "pluggy.*", which is not pinned for Python 3.11.0, darwin',
    ),
    "a pin on one Python": (
        (r"^(pluggy==\S+)", r"\1 ; python_full_version < '3.14'"),
        r'pytest requires "pluggy.*", which is not pinned for Python 3.14.0, linux',
    ),
    "a marker": (
        (r"^(colorama==\S+) ; [^\\\n]*", r"\1 "),
        r"colorama is pinned, but nothing requires it on Python 3.11.0, linux",
    ),
    "a version in bounds": (
        (r"^pluggy==\S+", "pluggy==0.1"),
        r'pytest requires "pluggy.*", pinned as 0.1',
    ),
}


@pytest.mark.parametrize(("change", "message"), BREAKS.values(), ids=BREAKS.keys())
def test_gaps_reports_a_lock_without(change: tuple[str, str], message: str) -> None:
    lock = _lock("requirements-dev")
    broken, count = re.subn(*change, lock, flags=re.MULTILINE)
    assert count == 1
    gaps = _all_gaps(broken, _inputs("requirements-dev.in"))
    assert any(re.fullmatch(message, gap) for gap in gaps), gaps


def test_gaps_reports_a_requirement_of_one_python_on_that_python() -> None:
    """A lock made on Python 3.11 for Python 3.11 alone leaves out what only a newer one needs."""
    metadata = {"a": [Requirement("b ; python_version >= '3.14' and sys_platform == 'darwin'")]}
    gaps = _all_gaps("a==1 --hash=sha256:0", [Requirement("a")], lambda name: metadata.get(name, []))
    assert [gap.partition(" for ")[2] for gap in gaps] == ["Python 3.14.0, darwin", "Python 3.14.99, darwin"]
