#!/usr/bin/env python3
"""Compares the interface with what is recorded in this folder, and the headers with their rules.

usage: check.py symbols LIBRARY          what it exports is what synap-1.symbols lists
       check.py symbols LIBRARY --write  rewrites synap-1.symbols; versions of old lines stay
       check.py headers                  contracts, layouts, initialisers and tests are complete
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

CAPI = Path(__file__).resolve().parents[1]
SYMBOLS = CAPI / "abi/synap-1.symbols"
LAYOUT = CAPI / "abi/synap-1.layout"
STABLE = CAPI / "include/synap/synap.h"
UNSTABLE = CAPI / "include/synap/synap_unstable.h"
NODE = "SYNAP_1"  # of the version script

PROTOTYPE = re.compile(r"^SYNAP_API\b[^;]*?\bSYNAP_CALL (synap_\w+)\(", re.M)
STRUCT = re.compile(r"^typedef struct (synap_\w+) \{\n(.*?)^\} \1_t;", re.M | re.S)
MEMBER = re.compile(r"(\w+);|\*(\w+)\)\(")
INITIALISER = re.compile(r"^#define (SYNAP_\w+_INIT)\b", re.M)
CONTRACT = re.compile(
    r"Blocking: (never|disk|other party)[^.]*\. Threads: (any|one)[^.]*\. Ownership: [^.]+\."
)


def prototypes(header: Path) -> list[str]:
    return PROTOTYPE.findall(header.read_text())


def fallible(header: Path) -> list[str]:
    """Functions that report errors."""
    ends = [match.end() for match in PROTOTYPE.finditer(header.read_text())]
    texts = [header.read_text()[end:].split(";")[0] for end in ends]
    return [name for name, text in zip(prototypes(header), texts) if "**err" in text]


def interface_version() -> str:
    text = STABLE.read_text()
    numbers = [re.search(rf"#define SYNAP_API_{part} (\d+)", text) for part in ("MAJOR", "MINOR")]
    return ".".join(number[1] for number in numbers if number)


def recorded() -> dict[str, str]:
    """Symbol to the version that added it, or "unstable"."""
    if not SYMBOLS.exists():
        return {}
    lines = [line for line in SYMBOLS.read_text().splitlines() if not line.startswith("#")]
    return dict(line.split() for line in lines)


def exported(library: str) -> tuple[set[str], list[str]]:
    """Functions of the interface, and everything else that leaves the library."""
    command = ["nm", "-D", "--defined-only", "--format=posix", library]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    functions, others = set(), []
    for line in output.splitlines():
        symbol, kind = line.split()[:2]
        name, _, node = symbol.partition("@@")
        if kind == "T" and node == NODE:
            functions.add(name)
        elif (name, kind) != (NODE, "A"):
            others.append(f"{symbol} ({kind})")
    return functions, others


def write_symbols(functions: set[str]) -> None:
    old, unstable = recorded(), set(prototypes(UNSTABLE))
    lines = [
        "# What libsynap.so.1 exports, and the version of the interface that added each. Unstable",
        "# ones come and go; the others stay as long as the major version does.",
        "# Rewritten by: python3 capi/abi/check.py symbols build/release/libsynap.so --write",
    ]
    for name in sorted(functions):
        added = old.get(name, "unstable")
        if name in unstable:
            added = "unstable"
        elif added == "unstable":  # new, or frozen now
            added = interface_version()
        lines.append(f"{name} {added}")
    SYMBOLS.write_text("\n".join(lines) + "\n")


def check_symbols(library: str) -> list[str]:
    functions, others = exported(library)
    problems = [f"{symbol} leaves the library" for symbol in others]
    lines = [line for line in SYMBOLS.read_text().splitlines() if not line.startswith("#")]
    if lines != sorted(lines):
        problems.append("synap-1.symbols is not sorted")
    known = recorded()
    problems += [f"{name} is exported but not recorded" for name in sorted(functions - set(known))]
    problems += [f"{name} is recorded but not exported" for name in sorted(set(known) - functions)]
    stable, unstable = set(prototypes(STABLE)), set(prototypes(UNSTABLE))
    for name, added in known.items():
        header = UNSTABLE if added == "unstable" else STABLE
        if name not in (unstable if added == "unstable" else stable):
            problems.append(f"{name} is recorded as {added} but not declared in {header.name}")
    problems += [f"{name} is declared but not recorded"
                 for name in sorted((stable | unstable) - set(known))]
    return problems


def check_contracts(header: Path) -> list[str]:
    """Each prototype stands below a comment that ends with its three promises."""
    text, problems = header.read_text(), []
    for match in PROTOTYPE.finditer(text):
        before = text[: match.start()].rstrip()
        comment = before[before.rfind("/*"):] if before.endswith("*/") else ""
        promises = re.sub(r"\s*\n \* ?|\s*\*/$", " ", comment).strip()
        found = list(CONTRACT.finditer(promises))
        if len(found) != 1 or found[0].end() != len(promises):
            problems.append(f"{match[1]}: its comment must end with Blocking, Threads, Ownership")
    return problems


def members(body: str) -> list[str]:
    body = re.sub(r"/\*.*?\*/", "", body, flags=re.S)
    names = []
    union = re.search(r"union \{(.*?)\} (\w+);", body, re.S)
    if union:
        names = [union[2]] + [f"{union[2]}.{name}" for name in members(union[1])]
        body = body.replace(union[0], "")
    return names + [first or second for first, second in MEMBER.findall(body)]


def check_headers() -> list[str]:
    text = STABLE.read_text()
    problems = check_contracts(STABLE) + check_contracts(UNSTABLE)
    layout = {line.split()[0] for line in LAYOUT.read_text().splitlines()}
    declared = set()
    for name, body in STRUCT.findall(text):
        declared |= {name} | {f"{name}.{member}" for member in members(body)}
    problems += [f"{name} is not in {LAYOUT.name}" for name in sorted(declared - layout)]
    problems += [f"{name} of {LAYOUT.name} is not declared" for name in sorted(layout - declared)]
    for test in ("header_test.c", "header_test.cc"):
        source = (CAPI / "tests" / test).read_text()
        problems += [f"{test} does not use {macro}" for macro in INITIALISER.findall(text)
                     if f"= {macro};" not in source]
    misuse = (CAPI / "tests/misuse_test.c").read_text()
    problems += [f"misuse_test.c does not call {name}"
                 for name in prototypes(STABLE) + prototypes(UNSTABLE)
                 if not re.search(rf"\b{name}\(", misuse)]
    faults = "".join(path.read_text() for path in (CAPI / "tests").glob("alloc_fault*_test.cc"))
    faults += (CAPI / "tests/alloc_fault.cc").read_text()
    problems += [f"no alloc_fault*_test.cc calls {name}"
                 for header in (STABLE, UNSTABLE) for name in fallible(header)
                 if not re.search(rf"\b{name}\(", faults)]
    if len(declared) < 50 or len(prototypes(STABLE)) < 60:
        problems.append("this script no longer understands synap.h")
    return problems


def main() -> int:
    match sys.argv[1:]:
        case ["symbols", library, "--write"]:
            write_symbols(exported(library)[0])
            problems = check_symbols(library)
        case ["symbols", library]:
            problems = check_symbols(library)
        case ["headers"]:
            problems = check_headers()
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
