"""One section of the plan, for the text, the JSON document and the comparison."""

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
    """The value of the key in the JSON document."""
    facts: Facts
    """Labelled sentences: the comparison of two plans compares these."""
    layout: tuple[Block, ...] = ()
    """The section's text where labelled sentences are not the form for it."""
    summary: tuple[Block, ...] = ()
    """The lines for the first screen; none by default."""

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The section's whole text; empty where there is nothing to say."""
        return self.layout or ((Labelled(self.facts),) if self.facts else ())
