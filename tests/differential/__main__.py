"""python -m tests.differential --seeds 1..20 --commands 50000 --protocol both

Exit status: 0 without differences, 1 with, 2 when it could not run. With --canary NAME replies
of the tested server are falsified first: a run that then reports no difference is broken.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.differential.canary import CANARIES
from tests.differential.generator import Generator
from tests.differential.runner import Difference, Pair, Run
from tests.differential.shrink import Shrinker
from tests.differential.step import Step
from tests.lib.servers import MissingBinary, Server, StartFailed, scratch_dir

REPRODUCTION_LINES = 60
LOG_LINES = 20


@dataclass
class Totals:
    commands: int = 0
    seconds: float = 0.0
    differences: list[str] = field(default_factory=list)


def parse_seeds(text: str) -> list[int]:
    """`7`, `1..20` or `1,5,9..12`."""
    seeds: list[int] = []
    for part in text.split(","):
        first, dots, last = part.partition("..")
        seeds += range(int(first), int(last or first) + 1) if dots else [int(first)]
    return seeds


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.differential", description=__doc__)
    parser.add_argument("--seeds", default="1", type=parse_seeds, help="1..20 or 1,5,9")
    parser.add_argument("--commands", default=50_000, type=int, help="for each seed and protocol")
    parser.add_argument("--protocol", default="both", choices=["2", "3", "both"])
    parser.add_argument("--reference", default="redis", choices=["redis", "redis8"])
    parser.add_argument("--tested", default="synap", choices=["synap", "redis", "redis8"])
    parser.add_argument("--jumps", action="store_true", help="set the wall clocks by ten years")
    parser.add_argument("--set", action="append", default=[], dest="settings")
    parser.add_argument("--canary", choices=sorted(CANARIES), help="falsify replies")
    parser.add_argument("--survey", action="store_true", help="go on after differences")
    parser.add_argument("--shrink-seconds", default=60.0, type=float)
    return parser.parse_args(argv)


def reproduction(
    pair: Pair, steps: list[Step], seed: int, found: Difference, budget: float
) -> str:
    """The smallest sequence that shows the difference, as text."""

    def again(batch: int | None) -> Shrinker:
        def run(candidate: list[Step]) -> Difference | None:
            pair.fresh()
            attempt = Run(pair, candidate, batch, seed)
            attempt.execute()
            return attempt.differences[0] if attempt.differences else None

        return Shrinker(run, found, budget)

    # One command at a time reads best; some differences need the pipelines.
    for batch, title in ((1, "one command at a time"), (None, "in pipelines as generated")):
        shrinker = again(batch)
        small = shrinker.shrink(steps)
        if shrinker.last is not found:
            lines = [f"  {step}" for step in small]
            if len(lines) > REPRODUCTION_LINES:
                lines[:-REPRODUCTION_LINES] = [f"  ({len(lines) - REPRODUCTION_LINES} more)"]
            head = f"reproduction, {len(small)} steps, {title}, after FLUSHALL:"
            return "\n".join([head, *lines, f"difference: {shrinker.last}"])
    return "it did not show again when the sequence was repeated"


def survey(
    pair: Pair, steps: list[Step], seed: int, seen: set[tuple[bytes, str, str]]
) -> list[str]:
    """Every kind of difference of one sequence, once. Later ones may follow from earlier."""
    run = Run(pair, steps, None, seed)
    run.execute(stop_at_first=False)
    found = []
    for difference in run.differences:
        if difference.signature() not in seen:
            seen.add(difference.signature())
            found.append(str(difference))
    return found


def sequence(pair: Pair, seed: int, options: argparse.Namespace) -> list[Step]:
    generator = Generator(seed, pair.protocol, options.reference, options.jumps)
    return generator.generate(options.commands)


def check_seed(pair: Pair, seed: int, options: argparse.Namespace, totals: Totals) -> None:
    steps = sequence(pair, seed, options)
    pair.fresh()
    began = time.monotonic()
    run = Run(pair, steps, None, seed)
    run.execute()
    elapsed = time.monotonic() - began
    done = run.differences[0].index if run.differences else len(steps)
    totals.commands += done
    totals.seconds += elapsed
    verdict = "DIFFERENT" if run.differences else "same"
    rate = done / elapsed
    print(f"seed {seed} RESP{pair.protocol}: {done} commands, {rate:,.0f}/s, {verdict}", flush=True)
    if run.differences:
        tested = pair.servers[1]
        tail = "" if tested.alive() else "\n".join(tested.log().splitlines()[-LOG_LINES:])
        found = run.differences[0]
        text = f"seed {seed} RESP{pair.protocol} command {found.index}: {found}\n"
        text += reproduction(pair, steps, seed, found, options.shrink_seconds)
        if tail:
            text += f"\nthe tested server had ended; its log:\n{tail}"
        totals.differences.append(text)
        print(text, flush=True)


def check_shadow(tested: Server, seed: int, totals: Totals) -> None:
    with tested.client() as client:
        answer = client.call("SYNAP.VERIFY")
    if answer != ("+", b"OK"):
        totals.differences.append(f"seed {seed}: SYNAP.VERIFY answered {answer}")
        print(totals.differences[-1], flush=True)


def run_all(options: argparse.Namespace, folder: Path) -> Totals:
    totals = Totals()
    settings = dict(pair.split("=", 1) for pair in options.settings)
    # Redis counts fields that have expired until its sweeper came: 100 times a second.
    of_reference = {"hz": "100"} if options.reference == "redis8" else {}
    reference = Server(
        options.reference, folder / "reference", settings=of_reference, persistent=False
    )
    # A follower reads along: it must come to the same from the records alone.
    has_shadow = options.tested == "synap"
    if has_shadow:
        settings.setdefault("debug.shadow", "true")
    tested = Server(options.tested, folder / "tested", settings=settings, persistent=has_shadow)
    if options.jumps:
        for server in (reference, tested):
            server.clock_file = folder / "clock"
            server.set_clock(0)
    seen: set[tuple[bytes, str, str]] = set()
    with reference, tested:
        for protocol in (2, 3) if options.protocol == "both" else (int(options.protocol),):
            with Pair(reference, tested, protocol) as pair:
                if options.canary:
                    pair.alter = CANARIES[options.canary]
                for seed in options.seeds:
                    if options.survey:
                        steps = sequence(pair, seed, options)
                        pair.fresh()
                        found = survey(pair, steps, seed, seen)
                        totals.differences += found
                        print("\n".join(found), flush=True)
                    else:
                        check_seed(pair, seed, options, totals)
                    if has_shadow and tested.alive():
                        check_shadow(tested, seed, totals)
                for name, times in pair.allowed.met.items():
                    print(f"RESP{protocol}: allowed difference {name!r} met {times} times")
        if tested.kind == "synap":
            for line in tested.error_lines():
                totals.differences.append(f"error in the server's log: {line}")
                print(totals.differences[-1])
    return totals


def main(argv: list[str]) -> int:
    options = arguments(argv)
    print(f"differential: seeds {options.seeds}, {options.commands} commands each", flush=True)
    try:
        with scratch_dir("synap-differential-") as folder:
            totals = run_all(options, folder)
    except (MissingBinary, StartFailed) as error:
        print(error, file=sys.stderr)
        return 2
    rate = totals.commands / totals.seconds if totals.seconds else 0
    print(
        f"{totals.commands} commands in {totals.seconds:.1f} s ({rate:,.0f}/s), "
        f"{len(totals.differences)} differences"
    )
    return 1 if totals.differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
