#!/usr/bin/env python3
"""First contact on a fresh Debian: every block of the README, as a person would paste it.

usage: tests/fresh/run.py [--release bookworm|trixie] [--short | --full] [--root-user] [--keep]

Makes a root with git, make, sudo and ca-certificates, clones HEAD into the home of an ordinary
user who may sudo, and runs the blocks of README.md in their order, from the root of the clone.
`make run` goes on in the background, as in another terminal, until the last block but `make test`.
Prints how long each step took, and how long processors worked for it; all output is in
build/fresh/RELEASE.log. Needs root and debootstrap.

  --short      only as far as the server that `make run` serves has answered a first client
  --full       `make test` too
  --root-user  as root, without sudo in between
  --keep       leaves the root in build/fresh/root-RELEASE

Exit status: 0, 1 when a step failed, 77 when this machine cannot make a root.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.fresh import root as fresh  # noqa: E402
from tests.lib.blocks import Block, blocks  # noqa: E402
from tests.lib.servers import die_with_parent  # noqa: E402

SKIPPED = 77
MAKE_RUN_SECONDS = 3600  # two busy cores, and packages from far away
READY = "http://127.0.0.1:15500/readyz"


class Failed(Exception):
    pass


class Person:
    """Somebody at a terminal in the root, in the clone."""

    def __init__(self, root: Path, user: str, log: IO[str]) -> None:
        self.root, self.user, self.log = root, user, log
        self.home = "/root" if user == "root" else f"/home/{user}"
        self.place = root / self.home[1:] / "synap"
        self.server: subprocess.Popen[bytes] | None = None

    def start(self, script: str) -> subprocess.Popen[bytes]:
        # By its whole name: it is looked for in the PATH of the one who enters.
        enter = [shutil.which("chroot") or "chroot", f"--userspec={self.user}:{self.user}"]
        enter += [str(self.root), "bash", "-c"]
        return subprocess.Popen(
            [*enter, f"cd ~/synap && set -eo pipefail\n{script}"],
            env=fresh.environment(self.home, self.user), stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True,
        )

    def paste(self, script: str) -> None:
        if status := self.start(script).wait():
            raise Failed(f"exit status {status}")

    def save(self, block: Block) -> None:
        assert block.file
        file = self.place / block.file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.text)
        owner = self.place.stat()
        for path in (file.parent, file):
            os.chown(path, owner.st_uid, owner.st_gid)

    def serve(self, script: str) -> None:
        self.server = self.start(script)
        deadline = time.monotonic() + MAKE_RUN_SECONDS
        while time.monotonic() < deadline:
            if (status := self.server.poll()) is not None:
                raise Failed(f"ended with {status} before it served")
            try:
                urllib.request.urlopen(READY, timeout=5).close()
                return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.2)
        raise Failed(f"did not serve within {MAKE_RUN_SECONDS} s")

    def cpu_seconds(self) -> float:
        """Of all that has been pasted, also of what builds and serves in the background."""
        done = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = done.ru_utime + done.ru_stime
        if self.server and self.server.poll() is None:
            for stat in Path("/proc").glob("[0-9]*/stat"):
                with suppress(OSError):
                    fields = stat.read_text().rpartition(")")[2].split()
                    if int(fields[2]) == self.server.pid:  # its process group
                        used += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
        return used

    def stop(self) -> None:
        """As Ctrl-C at the terminal of `make run`: to make and to the server."""
        if self.server and self.server.poll() is None:
            os.killpg(self.server.pid, signal.SIGINT)
            self.server.wait(60)


class Steps:
    """Prints what is done and how long it took; says where it failed, with the end of the log."""

    def __init__(self, log: IO[str], person: Person) -> None:
        self.log, self.person, self.start = log, person, time.monotonic()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        print(f"\n######## {name}", file=self.log, flush=True)
        print(f"{name} ...", end=" ", flush=True)
        began, offset = time.monotonic(), os.path.getsize(self.log.name)
        cpu = self.person.cpu_seconds()
        try:
            yield
        except (Failed, subprocess.CalledProcessError, OSError) as error:
            print(f"FAILED after {time.monotonic() - began:.0f} s: {error}")
            self.show(offset, "")
            sys.exit(1)
        cpu = self.person.cpu_seconds() - cpu
        print(f"{time.monotonic() - began:.0f} s, {cpu:.0f} s of CPU")
        self.show(offset, "setup: installs")

    def show(self, offset: int, only: str) -> None:
        with open(self.log.name, encoding="utf-8", errors="replace") as text:
            text.seek(offset)
            lines = [line.rstrip() for line in text if line.startswith(only)]
        for line in lines[-60:]:
            print(f"    {line}")


def is_command(block: Block, target: str) -> bool:
    """Whether it is no more than `make TARGET`."""
    return block.text.split("#")[0].split() == ["make", target]


def wanted(args: argparse.Namespace) -> list[Block]:
    found = [block for block in blocks(fresh.REPOSITORY / "README.md")
             if block.language not in ("", "text", "mermaid")]
    if args.short:
        served = next(i for i, block in enumerate(found) if is_command(block, "run"))
        return found[served : served + 2]
    return [block for block in found if args.full or not is_command(block, "test")]


def inside(args: argparse.Namespace, root: Path, log: IO[str]) -> None:
    person = Person(root, "root" if args.root_user else fresh.USER, log)
    steps = Steps(log, person)
    with steps.step(f"a fresh {args.release}"):
        fresh.make(args.release, root)
        fresh.mount(root)
    with steps.step("git clone"):
        fresh.clone(root, person.home)
    try:
        for block in wanted(args):
            with steps.step(str(block)):
                run(person, block)
    finally:
        person.stop()
    print(f"all steps: {time.monotonic() - steps.start:.0f} s")


def run(person: Person, block: Block) -> None:
    if block.file:
        person.save(block)
        if block.command:
            person.paste(block.command)
    elif is_command(block, "run"):
        person.serve(block.text)
    elif block.language == "sh":
        if is_command(block, "test"):
            person.stop()
        person.paste(block.text)
    else:
        raise Failed("a block that is no shell script must name its file in its first line")


def parsed() -> argparse.Namespace:
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--release", default="bookworm", choices=["bookworm", "trixie"])
    share = parser.add_mutually_exclusive_group()
    share.add_argument("--short", action="store_true", help="only `make run` and a first client")
    share.add_argument("--full", action="store_true", help="`make test` too")
    parser.add_argument("--root-user", action="store_true", help="as root")
    parser.add_argument("--keep", action="store_true", help="leave the root")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> NoReturn:
    args = parsed()
    root = fresh.FOLDER / f"root-{args.release}"
    if args.inside:
        with open(fresh.FOLDER / f"{args.release}.log", "a", encoding="utf-8") as log:
            inside(args, root, log)
        sys.exit(0)
    try:
        fresh.require(args.release)
    except fresh.Unable as reason:
        print(f"fresh: skipped: {reason}")
        sys.exit(SKIPPED)
    fresh.FOLDER.mkdir(parents=True, exist_ok=True)
    (fresh.FOLDER / f"{args.release}.log").write_text("")
    # Processes and mounts of the root are in namespaces that end with this program.
    namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    try:
        status = subprocess.call([*namespaces, sys.executable, __file__, "--inside", *sys.argv[1:]],
                                 preexec_fn=die_with_parent)
    finally:
        if not args.keep:
            shutil.rmtree(root)
    sys.exit(status)


if __name__ == "__main__":
    main()
