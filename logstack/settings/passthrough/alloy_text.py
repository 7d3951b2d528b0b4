"""A configuration of Alloy as its blocks, whoever wrote it and however it is laid out.

Alloy's own parser (logstack/binaries/go/alloysyntax) says whether a text is right, and not what stands in it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field


class AlloyTextError(ValueError):
    """What stands in the text is no configuration of Alloy."""

    def __init__(self, line: int) -> None:
        """Keep the line, from 1 on."""
        super().__init__(f"line {line}: not a valid Alloy configuration; `alloy fmt` prints the reason")
        self.line = line


_TOKEN = re.compile(
    r"""(?P<space>[ \t\r]+|//[^\n]*|/\*.*?\*/)|(?P<line>\n)|(?P<text>"(?:\\.|[^"\\\n])*"|`[^`]*`)"""
    r"""|(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)|(?P<mark>[{}()\[\]=,]|[^\s\w])|(?P<number>\d[\w.]*)""",
    re.DOTALL,
)
_OPEN, _CLOSE = "{[(", "}])"


@dataclass
class AlloyBlock:
    """`name "label" { ... }`."""

    name: str
    label: str = ""
    line: int = 0
    """Where it begins in the text, from 1 on."""
    attributes: dict[str, str] = field(default_factory=dict)
    """The expressions as they are written, without comments."""
    blocks: list["AlloyBlock"] = field(default_factory=list)

    @property
    def called(self) -> str:
        """The block as references name it."""
        return f"{self.name}.{self.label}" if self.label else self.name

    def all(self, name: str) -> Iterator["AlloyBlock"]:
        """The blocks of a name, however deep."""
        for block in self.blocks:
            if block.name == name:
                yield block
            yield from block.all(name)


def literals(expression: str) -> list[str]:
    """The texts in an expression."""
    return [text[1:-1] for text in re.findall(r'"(?:\\.|[^"\\\n])*"|`[^`]*`', expression)]


def alloy_blocks(text: str) -> list[AlloyBlock]:
    """The blocks at the top; raises AlloyTextError where there is something else."""
    root = AlloyBlock("")
    _Parser(text).body(root, nested=False)
    return root.blocks


class _Parser:
    """One pass over the tokens."""

    def __init__(self, text: str) -> None:
        self._tokens = [(match.lastgroup or "", match[0], match.start()) for match in _TOKEN.finditer(text)]
        self._tokens = [token for token in self._tokens if token[0] != "space"]
        self._text, self._at = text, 0

    def body(self, block: AlloyBlock, *, nested: bool) -> None:
        """What stands in a block, up to its end."""
        while (token := self._next()) is not None:
            kind, text = token
            if kind == "line":
                continue
            if (kind, text, nested) == ("mark", "}", True):
                return
            if kind != "name":
                raise self._wrong()
            self._statement(block, text)
        if nested:
            raise self._wrong()

    def _statement(self, block: AlloyBlock, name: str) -> None:
        kind, text = self._next() or ("", "")
        if text == "=":
            block.attributes[name] = self._expression()
            return
        inner = AlloyBlock(name, text[1:-1] if kind == "text" else "", line=self._line())
        if kind == "text":
            _, text = self._next() or ("", "")
        if text != "{":
            raise self._wrong()
        block.blocks.append(inner)
        self.body(inner, nested=True)

    def _expression(self) -> str:
        """Up to the end of the line, or of the block, outside of brackets."""
        words, depth = [], 0
        while (token := self._next()) is not None:
            kind, text = token
            if depth == 0 and (kind == "line" or text == "}"):
                self._at -= text == "}"
                break
            depth += (text in _OPEN) - (text in _CLOSE) if kind == "mark" else 0
            if kind != "line":
                words.append(text)
        return " ".join(words)

    def _next(self) -> tuple[str, str] | None:
        if self._at == len(self._tokens):
            return None
        kind, text, _ = self._tokens[self._at]
        self._at += 1
        return kind, text

    def _line(self) -> int:
        position = self._tokens[max(self._at - 1, 0)][2] if self._tokens else 0
        return self._text.count("\n", 0, position) + 1

    def _wrong(self) -> AlloyTextError:
        return AlloyTextError(self._line())
