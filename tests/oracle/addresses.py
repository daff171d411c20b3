"""What has been said of addresses, whoever has them: a list of words, looked through from its beginning each time."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.oracle.campaigns import DAY
from tests.oracle.consent import BOUNCES, Said, for_good, named, said
from tests.oracle.profile import Profile
from tests.oracle.reading import Fact

ADDRESSED = ("email", "sms", "push", "ads", "messenger")

Own = dict[str, tuple[int, str | None]]
"""A customer's own yes by channel or channel:topic: when it was, and to which address."""


@dataclass(frozen=True)
class Word:
    """A yes or a no about an address, in the order of the events (`key`), for those who decide at `known` or later."""

    key: tuple[int, str, int, int]
    known: int
    yes: bool
    always: bool = False


@dataclass
class Addresses:
    """All words about each address, by (channel or channel:topic, address)."""

    words: dict[tuple[str, str], list[Word]] = field(default_factory=dict)
    floor: int = 0
    """What is overdue by other campaigns is decided when these took over."""

    def complained(self, channel: str, address: str, now: int, own: Own) -> bool:
        """Whether a complaint or a bounce is known of this address at `now`, and no yes since."""
        words = sorted(
            (w for w in self.words.get((channel, address), ()) if w.known <= max(now, self.floor)), key=lambda w: w.key
        )
        last = max((n for n, word in enumerate(words) if word.yes), default=-1)
        return any(word.always for word in words[last + 1 :]) and not lifted(words[-1], channel, address, own)

    def refused(self, channel: str, topic: str | None, address: str, now: int, own: Own) -> bool:
        """Whether this customer, whose own words are `own`, is not to be written to at this address at `now`."""
        for about in (channel, f"{channel}:{topic}") if topic else (channel,):
            words = [word for word in self.words.get((about, address), ()) if word.known <= max(now, self.floor)]
            last = max(words, key=lambda word: word.key, default=None)
            if last is not None and not last.yes and not lifted(last, about, address, own):
                return True
        return False

    def named_by(self, event: Fact) -> None:
        """The no's to addresses that stand on the event: known to everybody as soon as it has happened."""
        if event.type == "track" and event.name in BOUNCES and event.channel != "messenger":
            address = named(event).get(BOUNCES[event.name])
            if address and for_good(event.properties):
                self.add(event, Said(BOUNCES[event.name], None, yes=False), address, event.time + 1)
        for one in said(event, {}):
            if one.address and not one.yes:
                self.add(event, one, one.address, event.time + 1)

    def of_profile(self, event: Fact, p: Profile, words: list[Said], died: tuple[str, str] | None) -> None:
        """What is about the addresses that the customer has. `died`: the channel and address of a hard bounce."""
        for one in words:
            if one.address and not one.yes:
                continue
            for channel in ADDRESSED if one.channel == "*" else (one.channel,):
                for address in [one.address] if one.address else self.had(event, p, channel):
                    about = Said(channel, one.topic, one.yes)
                    self.add(event, about, address, next_day(event.time))
        if died:
            channel, address = died
            if not for_good(event.properties) or not named(event).get(channel):
                self.add(event, Said(channel, None, yes=False), address, next_day(event.time))

    def had(self, event: Fact, p: Profile, channel: str) -> set[str]:
        """The addresses of a customer on a channel."""
        found = set()
        for kind in (channel, "email") if channel == "ads" else (channel,):
            found |= {p.reach.contacts[kind][1]} if kind in p.reach.contacts else set()
            found |= {named(event).get(kind) or p.reach.went(event, kind)} - {None}
        return found

    def listed(self, channel: str, address: str, since: int) -> None:
        """An operator's list has it that this address has said no, behind all events of that time."""
        self.words.setdefault((channel, address), []).append(Word((since, "~", 0, 0), since + 1, yes=False))

    def add(self, event: Fact, one: Said, address: str, known: int) -> None:
        """Remember a word."""
        self.words.setdefault((one.key, address), []).append(
            Word(event.key, known, one.yes, event.name in {*BOUNCES, "Email Marked as Spam"})
        )


def lifted(word: Word, about: str, address: str, own: Own) -> bool:
    """Whether the customer's own yes to this address came after a word."""
    at, to = own.get(about, (0, None))
    return to == address and at > word.key[0]


def next_day(time: int) -> int:
    """The moment behind the next midnight (UTC)."""
    return (time // DAY + 1) * DAY + 1
