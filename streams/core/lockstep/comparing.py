"""What is asked by one campaigns file, and by another one as well: whether the answers are the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from schemas.message_ids import MessageIds
from schemas.unsubscribe_links import UnsubscribeLinks
from streams.core.aggregates.population import StatsDelta
from streams.core.campaigns import Campaigns
from streams.core.contact.suppressions import Suppressions
from streams.core.messaging import caps
from streams.core.messaging.decide import Decider
from streams.core.messaging.experiments import ExperimentAssignment
from streams.core.profile.state import Profile
from streams.core.protocol.ports import GlobalStats


class Watch:
    """Whether an answer that was asked for since this was cleared is another one by the other file."""

    def __init__(self) -> None:
        self.differs = False

    def __call__(self, *, same: bool) -> None:
        """The answer is the `same` by both, or not."""
        if not same:
            self.differs = True


class Comparing(Decider):
    """Decides by its own file, and looks whether the `other` one, with what is `known` by it, answers the same.

    `draws`, `message_ids` and `links` are those of a `Decider`.
    """

    def __init__(
        self, campaigns: Campaigns, draws: ExperimentAssignment, message_ids: MessageIds,
        links: UnsubscribeLinks | None, *, other: Campaigns, known: GlobalStats, watch: Watch,
    ) -> None:  # fmt: skip
        super().__init__(campaigns, draws, message_ids, links)
        self._other, self._known, self._watch = other.file, known, watch

    def _capped(self, profile: Profile, channel: str, at: int) -> bool:
        answer = super()._capped(profile, channel, at)
        self._watch(same=caps.capped(profile, self._other, channel, at) is answer)
        return answer

    def _best_channel(self, profile: Profile, allowed: Sequence[str], known: GlobalStats, at: int) -> str:
        answer = super()._best_channel(profile, allowed, known, at)
        self._watch(same=super()._best_channel(profile, allowed, self._known, at) == answer)
        return answer

    def _best_hour(self, profile: Profile, known: GlobalStats, at: int) -> int | None:
        answer = super()._best_hour(profile, known, at)
        self._watch(same=super()._best_hour(profile, self._known, at) == answer)
        return answer


class AlsoHeld(Protocol):
    """What is said of addresses, for a profile that may not be there."""

    def refuses(
        self, profile_id: str, channel: str, topic: str | None, address: str, at: int, *, own_yes: tuple[int, int],
        deal: bool, held: bool,
    ) -> bool:  # fmt: skip
        """As `ports.Addresses` has it; `held`: the profile waits in another.

        `profile_id` is hex, a `topic` is of a `channel`, `at` epoch milliseconds; `own_yes` and `deal` as there.
        """
        ...


class Addresses:
    """What is said of addresses by both files; the answers are those of the `first`. `held`: profiles in others."""

    def __init__(self, first: Suppressions, second: AlsoHeld, watch: Watch, held: set[bytes]) -> None:
        self._first, self._second, self._watch, self._held = first, second, watch, held

    def refuses(
        self, profile_id: str, channel: str, topic: str | None, address: str, at: int, *,
        own_yes: tuple[int, int] = (0, 0), deal: bool = False,
    ) -> bool:  # fmt: skip
        """Whether a message about a `topic` must not go to an address on a channel at `at` (epoch milliseconds).

        `profile_id` (hex), `own_yes` and `deal` as of `ports.Addresses`.
        """
        answer = self._first.refuses(profile_id, channel, topic, address, at, own_yes=own_yes, deal=deal)
        with_it = self._second.refuses(
            profile_id, channel, topic, address, at, own_yes=own_yes, deal=deal,
            held=bytes.fromhex(profile_id) in self._held,
        )  # fmt: skip
        self._watch(same=with_it is answer)
        return answer


class Noted(StatsDelta):
    """Facts of the first file's partition; what is `noted` of them, the second may have to be told as well."""

    def __init__(self, of: StatsDelta) -> None:
        super().__init__()
        self._of = of
        self.noted: list[Callable[[StatsDelta], None]] = []

    def sent(self, channel: str, at: int) -> None:
        """A message was sent on a channel at `at` (epoch milliseconds)."""
        self._of.sent(channel, at)
        self.noted.append(lambda of: of.sent(channel, at))

    def engaged(self, channel: str, hour: int, at: int, count: int = 1) -> None:
        """Somebody responded on a channel, in this local hour (0 to 23), at `at` (epoch ms); `count` is -1 or 1."""
        self._of.engaged(channel, hour, at, count)
        self.noted.append(lambda of: of.engaged(channel, hour, at, count))

    def bought(self, products: Sequence[object], at: int) -> None:
        """The `products` of an order that counts, at `at` (epoch milliseconds)."""
        self._of.bought(products, at)
        self.noted.append(lambda of: of.bought(products, at))
