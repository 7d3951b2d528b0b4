"""The page about collectors of one's own."""

import re

from tests.support.stacks import ROOT

PAGE = ROOT / "docs" / "how-to" / "push-from-your-own-collector.md"


def snippets(language: str) -> list[str]:
    """The blocks of the page in a language, without their indentation."""
    found = re.findall(rf"\n   ```{language}\n(.*?)\n   ```", PAGE.read_text(), re.DOTALL)
    return [re.sub(r"(?m)^   ", "", text) for text in found]
