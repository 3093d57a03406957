#!/usr/bin/env python3
"""Calls of Store.get a second on one hot key in one thread, as one line of JSON.

usage: hot_get.py [--seconds S] [--value-bytes N]
"""

import argparse
import json
import time

import synap

CALLS = 100_000


def rounds(store, seconds):
    """(wall, cpu) seconds of CALLS calls, over and over. The loop's own cost is in them."""
    best = []
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends:
        wall, cpu = time.perf_counter(), time.thread_time()
        for _ in range(CALLS):
            store.get("key:000000000042")
        best.append((time.perf_counter() - wall, time.thread_time() - cpu))
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--value-bytes", type=int, default=64)
    args = parser.parse_args()
    with synap.open(":memory:") as store:
        store["key:000000000042"] = b"x" * args.value_bytes
        rounds(store, 0.2)
        measured = rounds(store, args.seconds)
    wall = sorted(CALLS / wall for wall, _ in measured)
    cpu = sorted(CALLS / cpu for _, cpu in measured)
    print(json.dumps({
        "benchmark": "python hot get",
        "calls_per_second": round(wall[len(wall) // 2]),
        "calls_per_cpu_second": round(cpu[len(cpu) // 2]),
        "slowest": round(wall[0]),
        "fastest": round(wall[-1]),
        "rounds": len(measured),
        "value_bytes": args.value_bytes,
    }))


if __name__ == "__main__":
    main()
