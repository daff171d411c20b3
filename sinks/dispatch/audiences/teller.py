"""Tells a webhook what has changed of one audience: until it has taken it, or has refused it for good."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any, Final, Protocol

import orjson

from schemas.settings import Settings
from sinks.dispatch import metrics
from sinks.dispatch.answers import Answer, Kind
from sinks.dispatch.audiences.members import Hash, Members
from sinks.dispatch.backoff import pause
from sinks.dispatch.timing import Timing

log = logging.getLogger("winback.dispatch")

ADDED: Final = "added"
REMOVED: Final = "removed"
MOST_REFUSED: Final = 100
"""After so many refusals within a batch it is the webhook that is wrong, not a member: the rest is refused whole."""


class Poster(Protocol):
    """Where an audience goes (`webhook.Webhook`)."""

    async def post(self, key: str, body: bytes, at: int) -> Answer:
        """Try to hand over a body under an idempotency key, at a time in epoch milliseconds."""


def body(webhook: str, audience: str, add: list[Hash], remove: list[Hash]) -> bytes:
    """The request to a `webhook`: whom to `add` to an `audience`, and whom to `remove`. A hash is in one of the two."""
    return orjson.dumps({"webhook": webhook, "audience": audience, "add": _listed(add), "remove": _listed(remove)})


def key_of(place: str, content: bytes) -> str:
    """The idempotency key of a request: the same for the same `content` at the same `place` of the log, and no other.

    Both: a retry that says something else, since somebody has said no meanwhile, must not be dropped as a repeat.
    """
    return sha256(place.encode() + b"\0" + content).hexdigest()[:32]


class Teller:
    """Tells one webhook. `looked` returns when all that was written before is known; `keep` keeps a refusal."""

    def __init__(
        self, webhook: str, poster: Poster, members: Members, settings: Settings, timing: Timing,
        looked: Callable[[], Awaitable[None]], keep: Callable[[str, str], Awaitable[None]],
    ) -> None:  # fmt: skip
        self._webhook, self._poster, self._members = webhook, poster, members
        self._settings, self._timing, self._looked, self._keep = settings, timing, looked, keep

    async def tell(self, audience: str, some: list[Hash], place: str) -> None:
        """Returns when the webhook knows of these hashes of an audience, or has refused them. Raises KafkaError.

        A batch that is refused is told in halves, so that what is wrong with one member keeps out no other.
        `place` names the batch in the log.
        """
        for change in (ADDED, REMOVED):
            for outcome in ("told", "refused"):
                metrics.AUDIENCE_MEMBERS.labels(self._webhook, audience, change, outcome).inc(0)
        # In an order that does not hang on that of partitions: a restart makes the same requests.
        waiting, refused = deque([sorted(some)]), 0
        while waiting:
            part = waiting.popleft()
            refusal = await self._told(audience, part, place)
            if refusal is None:
                continue
            key, reason = refusal
            refused += 1
            if len(part) > 1 and refused < MOST_REFUSED:
                middle = len(part) // 2
                waiting.extendleft([part[middle:], part[:middle]])
            else:
                await self._refuse(audience, part, key, reason)

    async def _told(self, audience: str, part: list[Hash], place: str) -> tuple[str, str] | None:
        """Key and reason when the webhook refuses it; None when it knows. Tried again as long as it cannot answer."""
        failures = 0
        while True:
            # The last look: who has said no by now, has left or was erased is not added.
            await self._looked()
            add, remove = self._members.changes(part)
            if not add and not remove:
                self._members.close(part)
                return None
            content = body(self._webhook, audience, add, remove)
            key = key_of(place, content)
            answer = await self._poster.post(key, content, self._timing.now())
            if answer.kind is Kind.ACCEPTED:
                self._know(audience, add, remove, "told")
                metrics.AUDIENCE_DOWN.labels(self._webhook).set(0)
                return None
            if answer.kind is not Kind.DOWN:
                # It may have taken some or all of it: who is to be out by the next try is removed then.
                self._members.doubt([*add, *remove])
            if answer.kind is Kind.REFUSED:
                return key, answer.reason
            failures += 1
            metrics.AUDIENCE_RETRIES.labels(self._webhook, answer.reason).inc()
            metrics.AUDIENCE_DOWN.labels(self._webhook).set(failures >= self._settings.dispatch_failures)
            log.warning("audience webhook %s: %s [failures=%d]", self._webhook, answer.reason, failures)
            rest = pause(
                failures, first=self._settings.dispatch_pause, longest=self._settings.dispatch_longest_pause, salt=key
            )
            await self._timing.wait(asyncio.Event(), max(rest, answer.wait))

    async def _refuse(self, audience: str, part: list[Hash], key: str, reason: str) -> None:
        add, remove = self._members.changes(part)
        log.error(
            "audience webhook %s refuses a batch for good: %s [audience=%s key=%s added=%d removed=%d]",
            self._webhook, reason, audience, key, len(add), len(remove),
        )  # fmt: skip
        await self._keep(key, reason)
        self._know(audience, add, remove, "refused")

    def _know(self, audience: str, add: list[Hash], remove: list[Hash], outcome: str) -> None:
        self._members.know(add, inside=True)
        self._members.know(remove, inside=False)
        for change, some in ((ADDED, add), (REMOVED, remove)):
            metrics.AUDIENCE_MEMBERS.labels(self._webhook, audience, change, outcome).inc(len(some))


def _listed(some: list[Hash]) -> list[dict[str, Any]]:
    return [{"identifier": one.identifier, "sha256": one.sha256.hex()} for one in some]
