"""For all tests: a clean environment, the switch for golden files, and the measured figures at the end of the run."""

import gc
import os
import re
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as profile

# The variables of a shell, a git hook, a CI job or make must not reach the tests: with GIT_DIR they would commit to the
# repository that is being pushed. CI stays, for hypothesis, and LOGSTACK_*, which names what the tests may use.
_INHERITED = re.compile(
    r"(AWS|GIT|GITHUB|GITLAB|PULUMI|LC)_\w+|(NO|FORCE|CLI)_?COLOR(_FORCE)?|COLUMNS|LINES|LANG|TZ"
    r"|(MAKE|M)FLAGS|MAKELEVEL|KUBECONFIG|LOGSTACK|FAIL_FROM|PYTHONWARNINGS"
)
for _name in filter(_INHERITED.fullmatch, list(os.environ)):
    del os.environ[_name]
# The user's configuration of git may sign commits, convert or ignore files, and run hooks; safe.directory stays.
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
# Stand-ins are on loopback, which a proxy does not reach.
for _name in ("NO_PROXY", "no_proxy"):
    os.environ[_name] = ",".join(filter(None, ("127.0.0.1", "localhost", os.environ.get(_name))))

# No limits on the time of an example or of its generation: a busy machine is slow.
_patient = profile(deadline=None, suppress_health_check={*profile().suppress_health_check, HealthCheck.too_slow})
profile.register_profile("patient", _patient)
profile.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the builders' output to the golden files")


def pytest_collection_finish() -> None:
    """Keep imported modules and collected tests out of the garbage collector: they live until the end."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture
def default_signals() -> Iterator[None]:
    """Let signals end the programs that the test starts, however this run was started.

    Programs inherit ignored signals: a background job ignores Ctrl-C, and nohup SIGHUP.
    """
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGTERM, signal.SIGHUP)}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


_MEASURED = pytest.StashKey[list[str]]()


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Return a function that adds a measured figure to the summary of the run."""
    return request.config.stash.setdefault(_MEASURED, []).append


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Pass the figures of a worker process to the controller."""
    if output := getattr(session.config, "workeroutput", None):
        output["measured"] = session.config.stash.get(_MEASURED, [])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:  # noqa: ARG001 - pytest-xdist's signature
    """Add the figures of a worker process to the run's."""
    node.config.stash.setdefault(_MEASURED, []).extend(getattr(node, "workeroutput", {}).get("measured", []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the figures in a section, in the order of the tests."""
    if figures := config.stash.get(_MEASURED, []):
        terminalreporter.section("measured")
        for line in figures:
            terminalreporter.line(line)
