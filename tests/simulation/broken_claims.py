"""Rules of addresses that were only typed, each broken."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

from streams.core.identity import claims


def addresses_link_as_they_are_typed() -> AbstractContextManager[Any]:
    """What was only typed waits for nothing."""
    return patch.object(claims, "WAIT_MS", 2)


def claims_come_after_timers() -> AbstractContextManager[Any]:
    """What is due at the end of the half hour does not see who has come by then."""
    return patch.object(claims, "WAIT_MS", claims.WAIT_MS + 1)


def another_address_is_one_more() -> AbstractContextManager[Any]:
    """What is typed takes nothing's place."""
    return patch.object(claims.Claims, "_replace", lambda *_: None)


def orders_confirm_nothing() -> AbstractContextManager[Any]:
    """What was typed waits for its time, whatever the customer does."""
    return patch.object(claims.Claims, "_confirm", lambda *_: None)


def links_written_again_type_again() -> AbstractContextManager[Any]:
    """What ingest writes again after a crash is taken for new."""
    real = claims.Claims._type

    def type_(self: Any, pairs: Any, visitor: Any, address: Any) -> None:
        self._typed.get(visitor[1], {}).pop(address[0], None)
        real(self, pairs, visitor, address)

    return patch.object(claims.Claims, "_type", type_)


def what_was_replaced_is_written_to() -> AbstractContextManager[Any]:
    """Nobody tells the visitor's profile that an address is not theirs."""
    return patch.object(claims.Claims, "_belongs", lambda *_, **__: None)


NOTICED = (claims_come_after_timers, orders_confirm_nothing, links_written_again_type_again)
NOTICED_IN_CAMPAIGNS = (what_was_replaced_is_written_to,)
"""By messages, with the oracle and without."""
NOTICED_IN_LINKS = (addresses_link_as_they_are_typed, another_address_is_one_more)
"""Without the oracle."""
