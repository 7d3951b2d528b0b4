"""A marker secret is only encrypted in all that the real engine writes, prints or sends."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.engine import KEYS, Outcome, Project
from tests.support.stores import Object

pytestmark = pytest.mark.prove

STACK = "staging"
KEY, SECRET = KEYS["logstack:accessKeyId"], KEYS["logstack:secretAccessKey"]


def files(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield every file that the engine or the program wrote, as text."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield path, path.read_text(errors="replace")


def visible_text(outcome: Outcome) -> str:
    return outcome.text + outcome.events + outcome.failed + "".join(outcome.messages)


def test_secret_is_in_no_file_no_event_and_no_output(platform: Project, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    outcomes = [
        platform.preview(STACK, plan=str(plan), diff=True),
        platform.up(STACK, show_secrets=False, log_to_std_err=True, log_verbosity=9, log_flow=True),
        platform.preview(STACK, refresh=True, diff=True),
    ]
    assert all(outcome.failed == "" for outcome in outcomes)
    for outcome in outcomes:
        for marker in (KEY, SECRET):
            assert marker not in visible_text(outcome)
    leaks = [str(path.relative_to(tmp_path)) for path, text in files(tmp_path) if KEY in text or SECRET in text]
    assert leaks == []
    assert plan.exists()


def test_only_the_stores_secret_object_has_the_secret(platform: Project) -> None:
    """The other tests look for a value that really exists: in the one object that needs it."""
    platform.apply(STACK)
    holders = {key[1:] for key, an_object in platform.memory.objects.items() if SECRET in json.dumps(an_object)}
    assert holders == {("Secret", "monitoring", "loki-s3-credentials")}


def test_state_has_the_secret_encrypted(platform: Project) -> None:
    platform.apply(STACK)
    (secret,) = (each for each in platform.state(STACK)["resources"] if each["type"] == "kubernetes:core/v1:Secret")
    assert secret["inputs"]["stringData"]["ciphertext"].startswith("v1:")


def test_helm_gets_no_secret(platform: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The values go to the provider, and from there to helm's standard input."""
    chart_inputs: list[str] = []
    expand = platform.kubernetes.expand

    def remember(inputs: Mapping[str, Any], context: Any) -> list[Object]:
        chart_inputs.append(json.dumps(inputs))
        return expand(inputs, context)

    monkeypatch.setattr(platform.kubernetes, "expand", remember)
    platform.apply(STACK)
    assert len(chart_inputs) == 3, "Loki, and Alloy on nodes and for events"
    assert not [values for values in chart_inputs if KEY in values or SECRET in values]
