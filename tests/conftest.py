"""What all tests share: the golden files' switch, and what the proofs have measured, told at the end of the run."""

import gc
import os
import re
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as profile

# What a shell, a hook of git, a job or make hands over is not the tests': with GIT_DIR they would commit to the
# repository that is being pushed. CI stays, for hypothesis; so does LOGSTACK_*, which says what the tests may use.
_SURROUNDINGS = re.compile(
    r"(AWS|GIT|GITHUB|GITLAB|PULUMI|LC)_\w+|(NO|FORCE|CLI)_?COLOR(_FORCE)?|COLUMNS|LINES|LANG|TZ"
    r"|(MAKE|M)FLAGS|MAKELEVEL|KUBECONFIG|LOGSTACK|FAIL_FROM|PYTHONWARNINGS"
)
for _name in filter(_SURROUNDINGS.fullmatch, list(os.environ)):
    del os.environ[_name]
# The user's own configuration may sign, translate or ignore files, and run hooks; which folders are safe is kept.
_GIT = {
    "commit.gpgSign": "false",
    "tag.gpgSign": "false",
    "core.autocrlf": "false",
    "core.excludesFile": os.devnull,
    "core.hooksPath": os.devnull,
}
os.environ["GIT_CONFIG_COUNT"] = str(len(_GIT))
for _number, (_key, _value) in enumerate(_GIT.items()):
    os.environ |= {f"GIT_CONFIG_KEY_{_number}": _key, f"GIT_CONFIG_VALUE_{_number}": _value}
# Stand-ins are on loopback, where no proxy reaches.
for _name in ("NO_PROXY", "no_proxy"):
    os.environ[_name] = ",".join(filter(None, ("127.0.0.1", "localhost", os.environ.get(_name))))

# Neither how long an example takes nor how long it takes to find some is a failure: a busy machine is slow.
_patient = profile(deadline=None, suppress_health_check={*profile().suppress_health_check, HealthCheck.too_slow})
profile.register_profile("patient", _patient)
profile.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write what the builders say to the golden files")


def pytest_collection_finish() -> None:
    """What is imported and collected stays until the end: the garbage collector need not look at it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture
def default_signals() -> Iterator[None]:
    """Programs that the test starts end by a signal, however this run was started.

    They inherit what is ignored: by a job in the background Ctrl-C, under nohup the hang-up.
    """
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGTERM, signal.SIGHUP)}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


_MEASURED = pytest.StashKey[list[str]]()


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Tell a figure; it stands in the summary of the run."""
    return request.config.stash.setdefault(_MEASURED, []).append


def pytest_sessionfinish(session: pytest.Session) -> None:
    """One of several processes hands over what it has measured."""
    if output := getattr(session.config, "workeroutput", None):
        output["measured"] = session.config.stash.get(_MEASURED, [])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:  # noqa: ARG001 - pytest-xdist's signature
    """Take what it hands over."""
    node.config.stash.setdefault(_MEASURED, []).extend(getattr(node, "workeroutput", {}).get("measured", []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """A section of its own, in the order of the tests."""
    if figures := config.stash.get(_MEASURED, []):
        terminalreporter.section("measured")
        for line in figures:
            terminalreporter.line(line)
