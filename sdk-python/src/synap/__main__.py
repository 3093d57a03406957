"""python -m synap check|info DIR

check   reads and verifies every file of a data directory; changes nothing
info    opens it and says what is in it
"""

from __future__ import annotations

import argparse
import os
import sys

import synap

from . import _native


def check(path: str) -> int:
    if not os.path.isdir(path):
        raise FileNotFoundError(f"{path} is not a directory")
    sound, findings = _native.check(os.fsencode(path))
    for found in findings:
        print(f"{found['severity']}: {found['file']} at {found['offset']}: {found['message']}")
    print(f"{path}: {'sound' if sound else 'damaged'}")
    return 0 if sound else 1


def info(path: str) -> int:
    if not os.path.isdir(path):
        raise FileNotFoundError(f"{path} is not a directory")
    if not os.path.exists(os.path.join(path, "MANIFEST")):
        raise FileNotFoundError(f"{path} holds no data of Synap")
    files = [entry.stat().st_size for entry in os.scandir(path) if entry.is_file()]
    with synap.open(path, decode_responses=True) as store:
        print(f"directory   {os.path.abspath(path)}")
        print(f"files       {len(files)}, {sum(files):,} bytes")
        print(f"memory      {store.used_memory:,} bytes")
        print(f"fsync       {store.option('persistence.fsync')}")
        for line in store.execute("INFO", "keyspace").splitlines():
            if line.startswith("db"):
                name, _, facts = line.partition(":")
                print(f"{name:<12}{facts.replace(',', ', ')}")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m synap", description=__doc__.partition("\n")[2] if __doc__ else None,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("check", "info"))
    parser.add_argument("directory", metavar="DIR")
    options = parser.parse_args()
    try:
        return (check if options.command == "check" else info)(options.directory)
    except (synap.SynapError, OSError) as error:
        print(f"synap: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
