"""Somebody who may be reached: a profile that hears of consent, bounces and contact points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schemas.identifiers import Hasher
from streams.core.contact import consent, origin
from streams.core.contact import points as contact
from streams.core.contact.statements import Statement
from streams.core.profile.state import Profile
from tests.support.happenings import happened

HASHER = Hasher("table")
OLD, NEW = "old@example.com", "new@example.com"


def is_email(value: str) -> list[dict[str, str]]:
    """The identifiers of an event that names an address."""
    return [{"type": "email", "value": value}]


class Person:
    """A profile that hears of consent and contact points as journey tells it."""

    def __init__(self) -> None:
        self.profile = Profile("p")

    def hears(self, *args: Any, **properties: Any) -> list[tuple[str, str | None]]:
        """An event; the channels and topics that it withdraws."""
        return [(said.channel, said.topic) for said in self.told(*args, **properties) if said.withdraws]

    def told(self, *args: Any, **properties: Any) -> Sequence[Statement]:
        """An event; all that it says."""
        event = happened(*args, **properties)
        said = consent.on_event(self.profile, event)
        contact.on_event(self.profile, event, HASHER)
        origin.on_event(self.profile, event)
        return said

    def may(self, channel: str = "email", topic: str | None = None, *, default: bool = True) -> bool:
        """Whether this person may be written to."""
        return consent.given(self.profile, channel, topic, default=default)
