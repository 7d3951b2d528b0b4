"""The diff as one JSON document; docs/reference/diff.md describes it."""

from logstack.diff.consequences import StackDiff
from logstack.diff.model import Differences, SideProblem
from logstack.text.documents import json_text

# Increases when a reader of the older format could misread the newer one.
FORMAT = 1


def json_document(comparison: Differences) -> str:
    """Return the differences as one document."""
    return json_text(
        {
            "format": FORMAT,
            "base": comparison.base,
            "head": comparison.head,
            "worst": comparison.worst,
            "exitCode": comparison.exit_code,
            "notes": comparison.notes,
            "stacks": [_stack(stack) for stack in comparison.stacks],
        }
    )


def problems_document(problems: tuple[SideProblem, ...]) -> str:
    """Return the problems of both sides as one document."""
    return json_text({"format": FORMAT, "problems": problems})


def _stack(stack: StackDiff) -> dict[str, object]:
    compared = stack.comparison
    before, after = stack.requests
    return {
        "stack": stack.stack,
        "change": stack.change,
        "worst": stack.worst,
        "consequences": [
            {
                "rule": each.rule,
                "effect": each.effect,
                "sentences": [sentence.text() for sentence in each.sentences],
                "do": each.do,
                "changes": each.changes,
            }
            for each in stack.consequences
        ],
        "restarts": [{"workload": roll.workload, "pods": roll.pods} for roll in stack.restarts],
        "requests": {"before": before, "after": after},
        "words": compared.words if compared else (),
        "settings": compared.settings if compared else (),
        "resourcesRemoved": compared.resources_removed if compared else (),
        "resourcesAdded": compared.resources_added if compared else (),
        "artefacts": compared.artefacts if compared else (),
    }
