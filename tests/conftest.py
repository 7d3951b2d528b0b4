"""What all tests share: the golden files' switch."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write what the builders say to the golden files")
