#!/usr/bin/env python3
"""Checks of the source tree that no compiler makes: sizes, layering, leftovers, unregistered tests.

usage: tests/tidy.py [--build DIR]    DIR: a configured build, to see which tests it knows
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import sys
from pathlib import Path
from typing import Iterator

ROOT = Path(__file__).resolve().parents[1]
LAYERS = [
    "base", "platform", "types", "keyspace", "log", "snapshot", "commands", "engine",
    "replication", "session", "remote",
]  # fmt: skip
SKIPPED_FOLDERS = {
    ".git", "build", "try", "node_modules", "generated", "dist", "corpus", "__pycache__",
    ".pytest_cache", ".mypy_cache",
}  # fmt: skip
CPP = {".c", ".cc", ".h", ".hpp"}
SCRIPTS = {".py", ".ts", ".js", ".mjs"}
OTHERS = {".sh", ".md", ".yml", ".yaml", ".cmake", ".txt"}
MAX_LINES, MAX_COLUMNS, MAX_FUNCTION_LINES = 450, 100, 70
# The stable interface is one document, most of it prose.
LONG_FILES = {"capi/include/synap/synap.h"}
# Libraries that tests load into programs, and the way in for corpora.
OUTSIDE_THE_BUILD = {"replay_main.cc", "clock.c", "memory.c"}

GENERATED = re.compile(r"@generated|\b[Gg]enerated (by|from)\b")
LEFTOVER = re.compile(r"\b(FIX" "ME|TO" "DO|X" "XX)\b")
# One dialect of C++, that of core/. Some of what clang-format leaves alone.
DIALECT = {
    re.compile(r"(^|\s)///"): "comments begin with //",
    re.compile(r"\bstd::(u?int(8|16|32|64|ptr|max)|size|ptrdiff)_t\b"): "write it without std::",
}
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.M)
NOISE = re.compile(
    r'R"(?P<tag>\w*)\(.*?\)(?P=tag)"|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"'
    r"|(?<!\w)'(?:\\.|[^'\\\n])+'|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*",
    re.S | re.M,
)
TYPE_OR_SCOPE = re.compile(
    r"^(template\s*<[^{]*>\s*)?(typedef\s+)?(inline\s+)?"
    r"(namespace|class|struct|enum|union|extern|concept)\b"
)
FUNCTION_END = re.compile(
    r"(\)|\b(const|noexcept|override|final|mutable|try))$|\)\s*(->|:[^:]).*$", re.S
)

Problem = tuple[str, int, str]


def sources() -> Iterator[Path]:
    for folder, names, files in os.walk(ROOT):
        names[:] = sorted(set(names) - SKIPPED_FOLDERS)
        for name in sorted(files):
            path = Path(folder, name)
            if path.suffix in CPP | SCRIPTS | OTHERS and not path.is_symlink():
                yield path


def sizes(name: str, lines: list[str]) -> Iterator[Problem]:
    if len(lines) > MAX_LINES and name not in LONG_FILES:
        yield name, MAX_LINES, f"{len(lines)} lines; the limit is {MAX_LINES}"
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_COLUMNS and "://" not in line:
            yield name, number, f"{len(line)} columns; the limit is {MAX_COLUMNS}"


def leftovers(name: str, lines: list[str]) -> Iterator[Problem]:
    for number, line in enumerate(lines, 1):
        if found := LEFTOVER.search(line):
            yield name, number, f"leftover {found[0]}"


def include_problem(name: str, quoted: bool, target: str) -> str | None:
    parts, wanted = name.split("/"), target.split("/")
    if parts[0] == "core":
        if wanted[0] in ("synap", "capi", "server"):
            return f"core/ includes {target}"
        if wanted[0] == "core" and LAYERS.index(wanted[1]) > LAYERS.index(parts[1]):
            return f"layer {parts[1]} includes {target}, which is above it"
    elif wanted[0] == "core" and parts[0] != "tests" and parts[:2] not in (
        ["capi", "src"], ["capi", "tests"],
    ):  # fmt: skip
        return f"only capi/src and tests include core/, not {parts[0]}/"
    if parts[0] in ("server", "sdk-cpp", "sdk-python", "sdk-node") and wanted[0] == "capi":
        return f"{parts[0]}/ includes {target}: only <synap/...> is public"
    if quoted and parts[0] in ("core", "server") and not (ROOT / target).exists():
        return f'"{target}" is not a path from the repository root'
    return None


def includes(name: str, text: str) -> Iterator[Problem]:
    for match in INCLUDE.finditer(text):
        if problem := include_problem(name, match[1] == '"', match[2]):
            yield name, text.count("\n", 0, match.start(2)) + 1, problem


def blank(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n")


def cpp_functions(text: str) -> Iterator[tuple[int, int]]:
    """(first line, last line) of outermost function bodies: by braces, a good guess."""
    text = NOISE.sub(blank, text)
    start, depth, head, line = 0, 0, "", 1
    for char in text:
        line += char == "\n"
        if depth:
            depth += (char == "{") - (char == "}")
            if not depth:
                yield start, line
                head = ""
        elif char in ";}":
            head = ""
        elif char == "{":
            sign = head.strip()
            if FUNCTION_END.search(sign) and (
                sign.endswith(")") or not TYPE_OR_SCOPE.match(sign)
            ):
                start, depth = line - sign.count("\n"), 1
            head = ""
        else:
            head += char


def py_functions(text: str) -> Iterator[tuple[int, int]]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.end_lineno or node.lineno


def functions(name: str, suffix: str, text: str) -> Iterator[Problem]:
    spans = cpp_functions if suffix in CPP else py_functions if suffix == ".py" else None
    for first, last in spans(text) if spans else ():
        if last - first + 1 > MAX_FUNCTION_LINES:
            yield name, first, f"function of {last - first + 1} lines; limit {MAX_FUNCTION_LINES}"


def dialect(name: str, lines: list[str]) -> Iterator[Problem]:
    for number, line in enumerate(lines, 1):
        for pattern, text in DIALECT.items():
            if pattern.search(line):
                yield name, number, text


def check_file(path: Path) -> Iterator[Problem]:
    name, suffix = path.relative_to(ROOT).as_posix(), path.suffix
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    yield from leftovers(name, lines)
    if suffix in OTHERS or any(GENERATED.search(line) for line in lines[:3]):
        return
    yield from sizes(name, lines)
    yield from functions(name, suffix, text)
    if suffix in CPP:
        yield from includes(name, text)
        yield from dialect(name, lines)


def readmes() -> Iterator[Problem]:
    for folder in sorted((ROOT / "core").iterdir()):
        if folder.is_dir():
            if folder.name not in LAYERS:
                yield f"core/{folder.name}", 1, "not a layer"
            if not (folder / "README.md").exists():
                yield f"core/{folder.name}/README.md", 1, "missing"


def unregistered_cpp(build: Path) -> Iterator[Problem]:
    commands = json.loads((build / "compile_commands.json").read_text())
    built = {Path(command["file"]).resolve() for command in commands}
    for folder in ("tests", "capi/tests"):
        for path in sorted((ROOT / folder).rglob("*.c*")):
            registered = path in built or path.name in OUTSIDE_THE_BUILD
            if path.suffix in (".c", ".cc") and not registered:
                yield path.relative_to(ROOT).as_posix(), 1, "no test program builds this file"


def unregistered_scripts() -> Iterator[Problem]:
    runner = (ROOT / "tests/run.sh").read_text()
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        folders = path.parent.relative_to(ROOT).parents[:-2]
        folders = [path.parent.relative_to(ROOT), *folders]
        runs = any(f"pytest -q {folder.as_posix()}\n" in runner for folder in folders)
        if "node_modules" not in path.parts and not runs:
            yield path.relative_to(ROOT).as_posix(), 1, "tests/run.sh does not run this folder"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path)
    options = parser.parse_args()

    problems = [problem for path in sources() for problem in check_file(path)]
    problems += readmes()
    problems += unregistered_scripts()
    if options.build:
        problems += unregistered_cpp(options.build)
    for name, line, text in problems:
        print(f"{name}:{line}: {text}")
    print(f"tidy: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
