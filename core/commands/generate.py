#!/usr/bin/env python3
"""Checks core/commands/table/*.yaml and writes everything that follows from it.

    generate.py            rewrite the generated files that changed
    generate.py --check    write nothing; exit 1 and name the files that are stale
"""
import argparse
import os
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from generator import cpp_sdk, docs, engine, http, model, node_sdk, python_sdk  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(HERE))


def outputs(table):
    """Every generated file as {path below the repository: text}."""
    files = {"core/commands/table/ids.lock": table.lock_text()}
    for part in (engine, docs, http, python_sdk, node_sdk, cpp_sdk):
        files.update(part.files(table))
    return files


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None


def main():
    parser = argparse.ArgumentParser(description="Generate what follows from the command table.")
    parser.add_argument("--check", action="store_true", help="fail when a generated file is stale")
    options = parser.parse_args()
    try:
        table = model.load(os.path.join(HERE, "table"))
        files = outputs(table)
    except (model.TableError, http.HttpError) as error:
        print(error, file=sys.stderr)
        return 1
    stale = [path for path, text in files.items() if read(os.path.join(ROOT, path)) != text]
    if options.check:
        for path in stale:
            print(f"{path}: stale; run core/commands/generate.py", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        full = os.path.join(ROOT, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8", newline="\n") as file:
            file.write(files[path])
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
