"""Samples that are made from gitleaks' rules when a test runs; see logstack/binaries/go/gitleaksamples."""

import json
import re
from collections import Counter
from functools import cache

from tests.support.real import binary, run
from tests.support.redaction.samples import Sample
from tests.support.redaction.values import RUN

# Rules that report what an issuer does not call a secret.
_PUBLIC = re.compile("-(?:client|access|api)-id$|-pub")


@cache
def generated() -> tuple[Sample, ...]:
    """Return lines with a secret that gitleaks reports, the kind being the rule.

    Some rules report a name or a prefix with the secret, so the second half of what they report must go.
    """
    answer = run([binary("gitleaksamples")])
    assert answer.returncode == 0, answer.stderr
    numbers: Counter[str] = Counter()
    samples = []
    for found in json.loads(answer.stdout)["samples"]:
        kind, form, line = found["rule"], found["form"], found["line"]
        if not _PUBLIC.search(kind):
            secret = found["secret"] if len(found["secret"]) >= 2 * RUN else line
            samples.append(Sample(kind, form, numbers[f"{kind}/{form}"], (line,), (secret[len(secret) // 2 :],)))
            numbers[f"{kind}/{form}"] += 1
    return tuple(samples)
