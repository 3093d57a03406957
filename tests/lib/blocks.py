"""The fenced blocks of Markdown pages, so that tests can run what people will paste."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"(?:#|//|/\*) (\S+\.\w+)(?:, run by: (.*?))?(?: \*/)?\n")


@dataclass(frozen=True)
class Block:
    """A block, and where its first line stands.

    A program or a file names itself in its first line, as a comment: `# try/hello.py`, or with the
    command that runs it, `# try/hello.py, run by: python try/hello.py`.
    """

    page: str
    line: int
    language: str
    text: str

    @property
    def file(self) -> str | None:
        found = NAME.match(self.text)
        return found[1] if found else None

    @property
    def command(self) -> str | None:
        found = NAME.match(self.text)
        return found[2] if found else None

    def __str__(self) -> str:
        first = self.file or self.text.splitlines()[0].split("  #")[0].rstrip()
        return f"{self.page}:{self.line} {first}"


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        line = text.count("\n", 0, found.start()) + 2
        yield Block(page.name, line, found[1], found[2])
