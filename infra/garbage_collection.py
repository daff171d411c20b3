"""The garbage collector of a process whose objects are many, short-lived and without cycles."""

from __future__ import annotations

import gc


def relax(young: int, middle: int, old: int) -> None:
    """Leave what is loaded by now alone, and look at what comes less often: `gc.set_threshold(young, middle, old)`.

    Records and rows die before a collection is through: with the default thresholds it takes a third of the time that
    a chunk takes. Call it once, when all modules are loaded.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(young, middle, old)


def leave_alone() -> None:
    """Before a fork: whatever there is by now is not looked at again, so that both processes share its pages."""
    gc.freeze()


def relax_for_records() -> None:
    """The thresholds of whatever runs the tasks: a stream worker, and `replay`.

    A chunk of events and what it leads to are some hundred thousand objects that die with it: looked at in between,
    they cost a fortieth of the time.
    """
    relax(500_000, 20, 100)
