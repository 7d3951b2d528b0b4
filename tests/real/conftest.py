"""What the proofs have measured, told at the end of the run."""

from collections.abc import Callable

import pytest

_MEASURED = pytest.StashKey[list[str]]()


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Tell a figure; it stands in the summary of the run."""
    return request.config.stash.setdefault(_MEASURED, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """A section of its own, in the order of the tests."""
    if told := config.stash.get(_MEASURED, []):
        terminalreporter.section("measured")
        for line in told:
            terminalreporter.line(line)
