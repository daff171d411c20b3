"""Requests to identify on `identity.links`, and their receipts: one of identify, one of each profile's journey."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Final, Protocol
from uuid import uuid4

from deploy.errors import UnavailableError
from deploy.operate import links
from deploy.operate.person.identifiers import HashedIdentifier
from schemas.topics import IDENTITY_LINKS

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer

    from schemas.settings import Settings
    from streams.core.protocol.link_log import Receipt, Request

SPLIT: Final = "split"
ERASE: Final = "erase"
_RECEIPT: Final = b'"receipt"'


def receipt_of(value: bytes | None, request: str) -> Receipt | None:
    """The receipt of this request in the value of a record; None for any other record."""
    if not value or _RECEIPT not in value:
        return None
    from streams.core.protocol import link_log

    said = link_log.read(value)
    return said if isinstance(said, link_log.Receipt) and said.request == request else None


class Answers:
    """The receipts of one request, as they come in. A receipt that comes twice counts once."""

    def __init__(self, request: str) -> None:
        self.request = request
        self.identify: Receipt | None = None
        self.journeys: dict[tuple[str, str], Receipt] = {}

    def take(self, value: bytes | None) -> None:
        """Take in the value of a record; anything but a receipt of this request is passed over."""
        receipt = receipt_of(value, self.request)
        if receipt is None:
            return
        if receipt.agent == "identify":
            self.identify = self.identify or receipt
        else:
            # One profile may be divided in several ways: each is an answer of its own.
            self.journeys.setdefault((receipt.profile or "", receipt.to or ""), receipt)

    @property
    def waiting(self) -> list[str]:
        """The agents that have not answered yet."""
        if self.identify is None:
            return ["identify"]
        answered = {profile for profile, _ in self.journeys}
        return [f"profile {profile}" for profile in self.profiles if profile not in answered]

    @property
    def profiles(self) -> list[str]:
        """The ids of the profiles that identify has passed the request on to."""
        return [] if self.identify is None else list(self.identify.profiles or ())

    @property
    def found(self) -> bool:
        """Whether identify, or any journey, held something of this person."""
        return self.identify is not None and (bool(self.identify.found) or any(self.removed().values()))

    def removed(self) -> dict[str, int]:
        """The counts that the journeys have removed, added up, by name."""
        total: Counter[str] = Counter()
        for receipt in self.journeys.values():
            total.update(receipt.removed or {})
        return dict(sorted(total.items()))


async def ask(settings: Settings, kind: str, identifier: HashedIdentifier, now: int, *, seconds: float) -> Answers:
    """Publish a request of a `kind` (SPLIT or ERASE) and wait for every answer; `now`: wall clock, epoch milliseconds.

    Raises UnavailableError when the broker does not take it, or when the answers do not come within these seconds.
    """
    from streams.core.protocol.link_log import EraseRequest, SplitRequest

    answers = Answers(uuid4().hex)
    asked = SplitRequest if kind == SPLIT else EraseRequest
    request = asked(answers.request, identifier.type, identifier.hash, now)
    await publish_and_wait(settings, request, answers, seconds=seconds)
    return answers


class ReceiptCollector(Protocol):
    """Takes in the records that follow a request, and knows which answers are missing."""

    def take(self, value: bytes | None) -> None:
        """Take in the value of a record."""

    @property
    def waiting(self) -> list[str]:
        """The agents that have not answered yet."""


async def publish_and_wait(settings: Settings, request: Request, answers: ReceiptCollector, *, seconds: float) -> None:
    """Publish a request on `identity.links`; returns when all its answers have come.

    Raises UnavailableError when the broker does not take it, or when the answers do not come within these seconds.
    """
    async with links.consumer(settings) as consumer:
        offset = await links.publish(settings, request)
        try:
            await asyncio.wait_for(_collect(consumer, offset, answers), seconds)
        except TimeoutError:
            raise UnavailableError(
                f"no answer from {_few(answers.waiting)} within {seconds:.0f} s. The request is in {IDENTITY_LINKS} "
                "and will be carried out as soon as the workers get to it: see that `winback streams` or `winback up` "
                "runs; asking again does no harm"
            ) from None


async def _collect(consumer: AIOKafkaConsumer, offset: int, answers: ReceiptCollector) -> None:
    async for value in links.values_after(consumer, offset):
        answers.take(value)
        if not answers.waiting:
            return


def _few(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
