"""The known bugs of pinned versions."""

import pytest

from logstack.settings.pins import KnownBug

BUGS = [("1.19.0", None, True), ("1.19.0", "1.20.0", True), ("1.20.0", "1.20.0", False), ("1.9.0", "1.10.0", True)]


@pytest.mark.parametrize(("version", "fixed_in", "has_bug"), BUGS)
def test_known_bug_is_in_every_version_before_its_fix(version: str, fixed_in: str | None, *, has_bug: bool) -> None:
    assert KnownBug("grafana/alloy#1", "it loses lines", fixed_in).is_in(version) is has_bug
