#!/usr/bin/env python3
"""Programs that end in order, each in its own way, and what must be in the store afterwards.

usage: ending.py [--runs N] [--load N]      every way N times, beside N busy processes

Each program writes and prints "key" for what a call has answered; all of that must be there.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import synap

COUNT = 1000
HEAD = """
import atexit, gc, multiprocessing, os, sys, threading, time
BEFORE
import synap

COUNT = 1000
path, out = sys.argv[1], sys.argv[2]

def write(store, prefix="key"):
    for i in range(COUNT):
        store.set(f"{prefix}:{i}", "x" * 100)
"""

# What ends a program: (how, lines before `import synap`, the program, names of what it writes).
WAYS = {
    "the last line": ("", "store = synap.open(path)\nwrite(store)", ["key"]),
    "sys.exit": ("", "store = synap.open(path)\nwrite(store)\nsys.exit(3)", ["key"]),
    "sys.exit in a function": ("", """
def main():
    store = synap.open(path)
    write(store)
    sys.exit(3)
main()""", ["key"]),
    "an exception": ("", "store = synap.open(path)\nwrite(store)\nraise ValueError", ["key"]),
    "exit() of C": ("", """
import ctypes
store = synap.open(path)
write(store)
ctypes.CDLL(None).exit(3)""", ["key"]),
    "a cycle": ("", """
class Holder: pass
holder = Holder()
holder.self = holder
holder.store = synap.open(path)
holder.pipe = holder.store.pipeline()
gc.disable()
write(holder.store)
del holder""", ["key"]),
    "sys.exit in a thread": ("", """
store = synap.open(path)
def body():
    write(store)
    sys.exit(3)
threading.Thread(target=body).start()""", ["key"]),
    "a thread that still runs": ("", """
store = synap.open(path)
def body():
    time.sleep(0.05)
    write(store)
threading.Thread(target=body).start()
write(store, "main")""", ["key", "main"]),
    "atexit before and after the import": ("""
atexit.register(lambda: write(store, "early"))""", """
atexit.register(lambda: write(store, "late"))
store = synap.open(path)
write(store)""", ["key", "early", "late"]),
    "a finaliser": ("", """
store = synap.open(path)
class Late:
    def __del__(self, write=write, store=store):
        write(store)
late = Late()""", ["key"]),
    "a child of multiprocessing": ("", """
def child(path):
    global store
    store = synap.open(path)
    def body():
        time.sleep(0.05)
        write(store, "thread")
    threading.Thread(target=body).start()
    write(store)
process = multiprocessing.get_context("fork").Process(target=child, args=(path,))
process.start()
process.join()
sys.exit(process.exitcode)""", ["key", "thread"]),
    "a child of fork that ends by sys.exit": ("", """
other = synap.open(":memory:")
child = os.fork()
if child == 0:
    store = synap.open(path)
    write(store)
    sys.exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0""", ["key"]),
}

# Daemon threads are cut off anywhere, within calls of every kind; what they were answered is kept.
DAEMONS = """
store = synap.open(path)
answered = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def body(number):
    try:
        for i in range(10**9):
            key = f"{number}:{i}"
            if number % 4 == 0:
                store.set(key, "x")
            elif number % 4 == 1:
                store.set(key, b"x" * 100_000, px=10**9)
                store.delete(f"{number}:{i - 100}") if i >= 100 else None
            elif number % 4 == 2:
                store.pipeline(False).set(key, 1).command("NOPE").execute(raise_on_error=False)
                try: store.incrby(key, "no number")
                except synap.ReplyError: pass
                store.keys("nothing*")
            else:
                store.using(durability="os").set(key, "x")
            os.write(answered, f"{key}\\n".encode())
    except synap.ClosedError:
        pass
for number in range(4):
    threading.Thread(target=body, args=(number,), daemon=True).start()
time.sleep(0.05)
"""


def run(program, before, directory, out):
    source = HEAD.replace("BEFORE", before) + program
    return subprocess.run([sys.executable, "-X", "dev", "-W", "error", "-c", source, directory,
                           out], capture_output=True, text=True, timeout=60)


def check(way, directory):
    """Runs a program that ends this way; an AssertionError says what is wrong."""
    before, program, prefixes = WAYS[way]
    done = run(program.strip() + "\n", before, directory, "")
    assert done.returncode in (0, 1, 3), (done.returncode, done.stderr)
    for sign in ("terminate called", "Fatal Python", "could not be closed", "ClosedError"):
        assert sign not in done.stderr, done.stderr
    with synap.open(directory) as store:
        for prefix in prefixes:
            missing = [i for i in range(COUNT) if f"{prefix}:{i}" not in store]
            assert not missing, (prefix, len(missing), missing[:3], done.stderr)


def check_daemons(directory, out):
    done = run(DAEMONS, "", directory, out)
    assert done.returncode == 0, (done.returncode, done.stderr)
    assert done.stderr == "", done.stderr
    check_answered(Path(out).read_text().split(), directory)


def check_answered(answered, directory):
    # Thread 1 deletes what is 100 back before it says so: cut off between the two, it has deleted
    # one more key than its newest answer tells.
    newest = max((int(key[2:]) for key in answered if key.startswith("1:")), default=0)
    with synap.open(directory) as store:
        for key in answered:
            number, i = key.split(":")
            if number != "1" or int(i) > newest + 1 - 100:
                assert key in store, (key, newest)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--load", type=int, default=2)
    options = parser.parse_args()
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"])
            for _ in range(options.load)]
    try:
        for way in [*WAYS, "daemon threads"]:
            for _ in range(options.runs):
                with tempfile.TemporaryDirectory() as folder:
                    if way in WAYS:
                        check(way, f"{folder}/data")
                    else:
                        check_daemons(f"{folder}/data", f"{folder}/answered")
            print(f"{way}: {options.runs} runs, nothing lost", flush=True)
    finally:
        for process in busy:
            process.kill()


if __name__ == "__main__":
    main()
