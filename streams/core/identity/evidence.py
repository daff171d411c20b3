"""How an identifier is named by an event, and so how much that says."""

from __future__ import annotations

from enum import IntEnum


class Evidence(IntEnum):
    """How an event names an identifier beside its strongest; the higher joins all that the lower joins."""

    WEAK = 1
    """An address only typed, a purchase only named."""
    PLAIN = 2
    SALE = 3
    """An order that the event says is complete."""
    ALIAS = 4
    """By the producer's explicit word."""


def evidence(nth: int, count: int, previous: int, weak: int, *, sale: bool = False) -> Evidence:
    """How the identifier at `nth` of `count` is named: the last are `previous` ones, those before them are `weak`.

    `sale`: it is an order, and complete.
    """
    if nth >= count - previous:
        return Evidence.ALIAS
    if nth >= count - previous - weak:
        return Evidence.WEAK
    return Evidence.SALE if sale else Evidence.PLAIN
