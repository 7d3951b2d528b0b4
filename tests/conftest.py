"""What all tests share: the golden files' switch."""

import signal

import pytest

# A shell that starts a job in the background has it ignore Ctrl-C, and its children with it; the tests send it to some.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write what the builders say to the golden files")
