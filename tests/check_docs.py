#!/usr/bin/env python3
"""Checks what is written for people: links lead somewhere, lines are at most 100 columns.

usage: tests/check_docs.py

Every Markdown file of the repository is read. A relative link must name a file or folder, and with
#ANCHOR a heading of it; links to other sites are not followed. Tables, code and lines that hold an
address may be longer, and so may generated pages.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SKIPPED_FOLDERS = {".git", "build", "data", "node_modules", "dist", "try"}
MAX_COLUMNS = 100

LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
CODE_SPAN = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")
HEADING = re.compile(r"#{1,6}\s+(.*?)\s*#*$")
HIDDEN_ANCHOR = re.compile(r"<a\s+(?:id|name)=[\"']([^\"']+)[\"']")
FENCE = re.compile(r"\s*(```|~~~)")

Problem = tuple[str, int, str]


def pages() -> Iterator[Path]:
    for folder, names, files in os.walk(ROOT):
        names[:] = sorted(
            name for name in set(names) - SKIPPED_FOLDERS if not name.startswith(".")
        )
        yield from (Path(folder, name) for name in sorted(files) if name.endswith(".md"))


def prose(text: str) -> Iterator[tuple[int, str]]:
    """Numbered lines that are not code."""
    fence = ""
    for number, line in enumerate(text.splitlines(), 1):
        if found := FENCE.match(line):
            fence = "" if fence == found[1] else fence or found[1]
        elif not fence and not line.startswith("    "):
            yield number, line


@cache
def anchors(page: Path) -> frozenset[str]:
    """As GitHub makes them from headings: repeated ones are numbered."""
    found: dict[str, int] = {}
    names = set()
    for _, line in prose(page.read_text(encoding="utf-8")):
        names.update(HIDDEN_ANCHOR.findall(line))
        if heading := HEADING.fullmatch(line):
            text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).lower()
            name = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
            names.add(f"{name}-{found[name]}" if name in found else name)
            found[name] = found.get(name, 0) + 1
    return frozenset(names)


def link_problem(page: Path, target: str) -> str | None:
    if re.match(r"[a-z][a-z0-9+.-]*:", target):
        return None
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    if not file.is_relative_to(ROOT) or not file.exists():
        return f"link to {target}: there is no such file"
    if anchor and (file.suffix != ".md" or anchor not in anchors(file)):
        return f"link to {target}: there is no such heading"
    return None


def check(page: Path) -> Iterator[Problem]:
    name = page.relative_to(ROOT).as_posix()
    text = page.read_text(encoding="utf-8")
    generated = any(
        re.search(r"\b[Gg]enerated by\b|is written by `", line) for line in text.splitlines()[:5]
    )
    for number, line in prose(text):
        for target in LINK.findall(CODE_SPAN.sub("", line)):
            if problem := link_problem(page, target):
                yield name, number, problem
        free = generated or line.lstrip().startswith("|") or "://" in line
        if len(line) > MAX_COLUMNS and not free:
            yield name, number, f"{len(line)} columns; the limit is {MAX_COLUMNS}"


def main() -> int:
    checked = list(pages())
    problems = [problem for page in checked for problem in check(page)]
    for name, number, text in problems:
        print(f"{name}:{number}: {text}")
    print(f"docs: {len(checked)} pages, {len(problems)} problems")
    return 1 if problems or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
