"""The deterministic simulation: the real cores and commit order, joined by logs in memory, under a seeded scheduler.

One seed is one run: a small history, a number of workers and partitions, and every choice of who does what next.
Nothing waits, no thread runs and no clock is read, so that a seed that fails fails again:

    python -m tests.simulation.run --seed N --trace
"""
