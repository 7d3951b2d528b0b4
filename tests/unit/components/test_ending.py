"""How a program ends that fails: by an exit code that Pulumi's language host adds nothing to."""

import asyncio
import os
import signal
import subprocess
import sys
import threading

import pytest

from components.ending import ERROR_SHOWN, each_problem_shown_once
from tests.support.stacks import ROOT

# As Pulumi's executor runs a program: in its event loop, where it waits for the engine.
WAITS = """
import asyncio
from components import each_problem_shown_once

async def run():
    with each_problem_shown_once():
        print("runs", flush=True)
    await asyncio.sleep(600)

asyncio.new_event_loop().run_until_complete(run())
"""


def test_interrupt_of_the_language_host_ends_the_program_without_a_traceback() -> None:
    """The host interrupts the program when a resource fails; the engine has shown why."""
    with subprocess.Popen(
        [sys.executable, "-c", WAITS],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as program:
        assert program.stdout
        assert program.stdout.readline() == "runs\n"
        program.send_signal(signal.SIGINT)
        assert program.communicate(timeout=60) == ("", "")
        assert program.returncode == ERROR_SHOWN == 32


def test_exception_of_the_program_itself_is_not_hidden() -> None:
    async def run() -> None:
        with each_problem_shown_once():
            raise LookupError("a mistake of ours")

    with pytest.raises(LookupError, match="a mistake of ours"):
        asyncio.run(run())


def test_program_runs_in_a_thread_which_no_signal_reaches() -> None:
    """The Automation API runs inline programs so."""
    ended = []

    async def run() -> None:
        with each_problem_shown_once():
            ended.append("normally")

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    thread.join(60)
    assert ended == ["normally"]
