"""Switching campaigns: publish them, and wait until every partition decides by them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import uuid4

from deploy.errors import BadInputError, UnavailableError
from deploy.operate.person import requests

if TYPE_CHECKING:
    from schemas.settings import Settings
    from streams.core.campaigns import Campaigns

LARGEST: Final = 900_000
"""Bytes of one request; a broker takes records of about one MiB."""


class Receipts:
    """The answers to one switch: identify's, with the moment of it, and one of each of `partitions` partitions."""

    def __init__(self, partitions: int) -> None:
        self.request = uuid4().hex
        self.partitions = partitions
        self.at: str | None = None
        self.switched: set[int] = set()
        self.refused: set[int] = set()

    def take(self, value: bytes | None) -> None:
        """Take in the value of a record; anything but a receipt of this request is passed over."""
        receipt = requests.receipt_of(value, self.request)
        if receipt is None:
            return
        if receipt.agent == "identify":
            self.at = receipt.at or None
        elif isinstance(receipt.partition, int):
            (self.refused if receipt.refused else self.switched).add(receipt.partition)

    @property
    def waiting(self) -> list[str]:
        """The agents or partitions that have not answered yet."""
        if self.at is None:
            return ["identify"]
        answered = self.switched | self.refused
        return [f"partition {partition}" for partition in range(self.partitions) if partition not in answered]


async def apply(settings: Settings, campaigns: Campaigns, *, seconds: float, largest: int = LARGEST) -> Receipts:
    """Have all workers decide by these campaigns from one moment of the stream on; returns when they do.

    Raises BadInputError when their request has more than `largest` bytes, UnavailableError when the answers do not come
    within these seconds, or when workers (of another version, say) cannot read the campaigns and go on as before.
    """
    from streams.core.protocol.link_log import SwitchCampaigns
    from streams.core.protocol.records import encode

    receipts = Receipts(settings.partitions)
    switch = SwitchCampaigns(receipts.request, campaigns.dump(), campaigns.version)
    if (size := len(encode(switch))) > largest:
        raise BadInputError(f"the file, its templates and its stores are {size:,} bytes; {largest:,} fit")
    await requests.publish_and_wait(settings, switch, receipts, seconds=seconds)
    if receipts.refused:
        count = f"{len(receipts.refused)} of {receipts.partitions}"
        raise UnavailableError(f"{count} partitions cannot read these campaigns: are all workers of one version?")
    return receipts
