"""Pauses between tries: doubled each time, spread out so that those that failed together do not come back together."""

from __future__ import annotations

from hashlib import blake2b

from infra.retry import pause_after


def pause(tries: int, *, first: float, longest: float, salt: str) -> float:
    """The seconds to wait after so many tries (1 or more): between half of `first` x 2^(tries-1) and all of it.

    At most `longest`. Where in between is a function of `salt` and `tries`: the "equal jitter" of Amazon's
    "Exponential Backoff And Jitter", without a source of chance.
    """
    whole = pause_after(tries, first, longest)
    share = int.from_bytes(blake2b(f"{salt}|{tries}".encode(), digest_size=4).digest(), "big") / 2**32
    return whole * (1 + share) / 2
