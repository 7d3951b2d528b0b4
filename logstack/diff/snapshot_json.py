"""The document of `logstack render --json`: writer and reader.

{"format": 1, "stacks": {"production": {"name": ..., "settings": ..., "resources": ..., "words": ..., "ring": ...,
                                        "requests": ..., "warnings": ..., "acknowledged": ..., "nginx": ...},
                         "broken": {"problems": [...]}}}

Older code with this format writes no "nginx".
"""

import json
from collections.abc import Mapping
from typing import Any

from logstack.diff.snapshot import Outcome, Rendered, Requests, Ring
from logstack.render.model import Resource
from logstack.settings.problems import Problem, StackProblems
from logstack.text.documents import json_text

# Increases when a reader of the older format could misread the newer one.
FORMAT = 1


class UnreadableError(Exception):
    """Raised for a text that is not a document of this format."""


def written(outcomes: Mapping[str, Outcome]) -> str:
    """Return the outcomes as a document."""
    stacks = {
        name: {"problems": outcome.problems} if isinstance(outcome, StackProblems) else outcome
        for name, outcome in outcomes.items()
    }
    return json_text({"format": FORMAT, "stacks": stacks})


def read(text: str) -> dict[str, Outcome]:
    """Read a document's stacks; raises UnreadableError for any other text."""
    try:
        document = json.loads(text)
        if document["format"] != FORMAT:
            raise UnreadableError(f"its format is {document['format']}, this code reads {FORMAT}")
        return {name: _outcome(stack) for name, stack in document["stacks"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableError("it wrote no JSON document") from error


def _outcome(stack: dict[str, Any]) -> Outcome:
    if "problems" in stack:
        return StackProblems(Problem(**problem) for problem in stack["problems"])
    ring, requests = stack["ring"], stack["requests"]
    return Rendered(
        name=stack["name"],
        settings=stack["settings"],
        resources=tuple(map(_resource, stack["resources"])),
        words=tuple((of, sentence) for of, sentence in stack["words"]),
        ring=Ring(
            ring["writer"],
            ring["writers"],
            ring["replicationFactor"],
            ring["lostWritersSurvived"],
            ring["refusedShare"],
        ),
        requests=Requests(requests["cpuMillicores"], requests["memoryBytes"], requests["diskBytes"], requests["nodes"]),
        warnings=tuple(Problem(**problem) for problem in stack["warnings"]),
        acknowledged=tuple(Problem(**problem) for problem in stack["acknowledged"]),
        nginx=stack.get("nginx"),
    )


def _resource(resource: dict[str, Any]) -> Resource:
    return Resource(
        resource["part"],
        resource["type"],
        resource["name"],
        resource["inputs"],
        tuple(resource["dependsOn"]),
        resource["protect"],
        resource["retainOnDelete"],
    )
