"""How the program ends when it fails: each problem once, and nothing below what the engine has shown."""

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pulumi

from .config import StackRefused

# The exit code of Pulumi's own executor (pulumi-language-python-exec) after it has shown an error. For any other the
# language host adds "an unhandled error occurred: program exited with non-zero exit code".
ERROR_SHOWN = 32


@contextmanager
def each_problem_shown_once() -> Iterator[None]:
    """Run the program of a stack: show each of its problems as a message of its own, and end it without a traceback.

    For a program that Pulumi's Python language host runs: it ends by SystemExit, which inline programs of the
    Automation API do not expect.
    """
    _end_quietly_when_interrupted()
    try:
        yield
    except StackRefused as refused:
        for problem in refused.problems:
            show = pulumi.log.error if problem.severity == "error" else pulumi.log.warn
            show(problem.text())
        sys.exit(ERROR_SHOWN)


def _end_quietly_when_interrupted() -> None:
    """Let an interrupt end the program without a traceback.

    The language host interrupts the program as soon as a resource fails, such as a chart whose repository does not
    answer. The engine has shown the resource's error by then; Python would add up to 70 lines.
    """
    with suppress(NotImplementedError, ValueError, RuntimeError):  # on Windows; in a thread, as an inline program
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, sys.exit, ERROR_SHOWN)
