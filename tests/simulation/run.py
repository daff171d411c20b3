"""Run seeds of the simulation: python -m tests.simulation.run --seed N [--trace], or --seeds FROM TO."""

from __future__ import annotations

import argparse
import sys
import time

from tests.simulation.check import failures


def main() -> int:
    """Print what fails; exit 1 if anything does."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.run", description="Run seeds of the simulation.")
    parser.add_argument("--seed", type=int, help="one seed")
    parser.add_argument("--seeds", type=int, nargs=2, metavar=("FROM", "TO"), help="a range of seeds")
    parser.add_argument("--mode", help="this mode, not that of the seed")
    parser.add_argument("--asking", action="store_true", help="with splits and erasures in it")
    parser.add_argument("--campaigning", action="store_true", help="many campaigns, few customers")
    parser.add_argument("--trace", action="store_true", help="print the schedule")
    options = parser.parse_args()
    seeds = [options.seed] if options.seed is not None else range(*(options.seeds or (0, 100)))
    failed, began = 0, time.perf_counter()
    for seed in seeds:
        trace = print if options.trace else None
        found = failures(seed, options.mode, trace, asking=options.asking, campaigning=options.campaigning)
        if found:
            failed += 1
            sys.stdout.write("\n  ".join(found) + "\n")
    sys.stdout.write(f"{failed} of {len(seeds)} seeds failed, {time.perf_counter() - began:.1f} s\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
