"""One section of the plan: what the text, the JSON document and the comparison are made of."""

from dataclasses import dataclass

from logstack.text.blocks import Block, Labelled
from logstack.text.words import Facts


@dataclass(frozen=True)
class Section:
    """A title, the sentences, and the data behind them."""

    title: str
    key: str
    """Of the JSON document."""
    data: object
    """What the JSON document has under the key."""
    facts: Facts
    """Labelled sentences: the comparison of two plans compares these."""
    layout: tuple[Block, ...] = ()
    """The section's text where labelled sentences are not the form for it."""
    summary: tuple[Block, ...] = ()
    """What the first screen shows of it; nothing by default."""

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The section's whole text; empty where there is nothing to say."""
        return self.layout or ((Labelled(self.facts),) if self.facts else ())
