"""This build beside another one, in turn, in one run: `python -m tests.bench.against REV`, or `make bench-against`.

Each round measures both builds, one after the other, in a process of its own; who is first changes with each round.
Printed are medians over the rounds, and the median of the rounds' ratios new / old.

    core     processor time an event of the pure core in one process, decoding included
    worker   processor time an event of the stream worker in the whole pipeline
    clock    throughput of the whole pipeline by the clock, as a ratio to the plain Faust job
    replay   peak memory and processor time of `winback replay`
    idle     processor time of an idle `winback up` (tests/bench/bench_idle.py)
    same     whether `winback replay` of both writes the same files, byte for byte

With `--compiled` this build is the wheel that the image has, its core compiled (docs/adr/0059-*).
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from typing import Final

from tests.bench.checkouts import HERE, PLACE, Build, compiled, other, this
from tests.bench.same import data_sets, differing, shop

SHOP: Final = ("3000", "3", "7")
"""Customers, days and seed of the simulated shop whose events are measured."""
EVENTS: Final = "40000"
PLAIN_EVENTS: Final = "4000"
IDLE: Final = HERE / "tests" / "bench" / "bench_idle.py"

Measured = dict[str, float]


def core(build: Build) -> Measured:
    """Microseconds an event of the core."""
    return {"core, us an event": build.probe("core", *SHOP, EVENTS)["us"]}


def pipeline(build: Build, *, plain: bool) -> Measured:
    """Microseconds an event of the worker; with `plain`, also how often the plain job's rate the pipeline has."""
    told = build.probe("pipeline", *SHOP, EVENTS, PLAIN_EVENTS if plain else "0")
    found = {"worker, us an event": told["ours"]["us"]["worker"], "pipeline, events/s": told["ours"]["rate"]}
    if plain:
        found["pipeline / plain Faust"] = told["ours"]["rate"] / told["plain"]["rate"]
    return found


def replay(build: Build, lines: Path) -> Measured:
    """MiB and microseconds an event of `winback replay --out`."""
    folder = PLACE / f"out-{build.name}"
    shutil.rmtree(folder, ignore_errors=True)
    _, used = build.winback("replay", str(lines), "--out", str(folder))
    with lines.open("rb") as file:
        events = sum(1 for _ in file)
    seconds = used.ru_utime + used.ru_stime
    return {"replay, peak MiB": used.ru_maxrss / 1024, "replay, us an event": seconds / events * 1e6}


def idle(old: Build, new: Build) -> None:
    """Both stacks idle side by side, so once is enough: `bench_idle` prints what each takes, and the ratio."""
    # Each runs in its own environment: a path given here would go before both.
    checkouts = ["--checkout", str(new.root), "--checkout", str(old.root)]
    told, _ = new.run([str(IDLE), *checkouts], env={"PYTHONPATH": ""})
    print(told.decode(), end="", flush=True)


def compare(old: Build, new: Build, measure: Callable[[Build], Measured], rounds: int) -> None:
    """Measure both in turn and print a line for each thing measured."""
    found: dict[str, list[Measured]] = {old.name: [], new.name: []}
    for number in range(rounds):
        for build in (old, new) if number % 2 == 0 else (new, old):
            found[build.name].append(measure(build))
    for name in found[new.name][0]:
        before, after = ([one[name] for one in found[build.name]] for build in (old, new))
        ratio = median(b / a for a, b in zip(before, after, strict=True))
        spread = " ".join(f"{b / a:.2f}" for a, b in zip(before, after, strict=True))
        print(f"{name:<24}{median(before):>10,.1f}{median(after):>10,.1f}{ratio:>8.3f}   ({spread})", flush=True)


def same(old: Build, new: Build) -> bool:
    """Print for each data set whether the outputs are the same; True if all are."""
    good = True
    for data in data_sets(old):
        differ = differing(old, new, data)
        good = good and not differ
        print(f"{data.name:<26}{'DIFFERS: ' + ', '.join(differ) if differ else 'same'}", flush=True)
    return good


def run(old: Build, new: Build, wanted: Iterable[str], rounds: int, customers: int) -> bool:
    """Measure what is wanted; False if outputs differ."""
    wanted = set(wanted)
    if wanted - {"same"}:
        print(f"{'':<24}{'old':>10}{'new':>10}{'ratio':>8}   (by round)")
    if "core" in wanted:
        compare(old, new, core, rounds)
    if wanted & {"worker", "clock"}:
        compare(old, new, lambda build: pipeline(build, plain="clock" in wanted), rounds)
    if "replay" in wanted:
        lines = shop(old, customers, 3, 7)
        compare(old, new, lambda build: replay(build, lines), rounds)
    if "idle" in wanted:
        idle(old, new)
    return "same" not in wanted or same(old, new)


def main() -> int:
    """Run from the command line; 1 when the outputs of the two builds differ."""
    things = ("core", "worker", "clock", "replay", "idle", "same")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("revision", help="the other build: anything that git can resolve")
    parser.add_argument("--only", nargs="+", choices=things, default=things, metavar="THING")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--customers", type=int, default=7_000, help="of the shop for replay (7000: 150,000 events)")
    parser.add_argument("--compiled", action="store_true", help="this build with its core compiled, as in the image")
    options = parser.parse_args()
    new, old = this(), other(options.revision)
    if options.compiled:
        new = compiled(new)
    return 0 if run(old, new, options.only, options.rounds, options.customers) else 1


if __name__ == "__main__":
    sys.exit(main())
