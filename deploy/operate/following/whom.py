"""Of whom is what happens: one customer, one channel, or everybody."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import orjson

from schemas.identifiers import Hasher
from schemas.record import Record

MOST_PROFILES: Final = 10_000
"""Profiles whose decisions are shown because an event of theirs was."""

Line = dict[str, Any]


class Whom:
    """Says of each line whether it is wanted: of a `channel`, of the customer whose identifier has the hash `asked`.

    None stands for any. `mentions` says of the bytes of a record that could not be read whether they name the customer.
    """

    def __init__(
        self, hasher: Hasher, *, channel: str | None, asked: str | None, mentions: Callable[[bytes], bool] | None = None
    ) -> None:
        self._hash, self._channel = hasher, channel
        self._mentions = mentions
        # Until it is linked with another, an identifier is a profile of its own.
        self.hashes = None if asked is None else {asked}
        self.profiles = None if asked is None else {asked}
        self._shown: dict[str, None] = {}

    def learn(self, record: Record) -> None:
        """Take in a record of `identity.assignments`: whose an identifier is now."""
        if self.hashes is None or self.profiles is None or not (record.key and record.value):
            return
        hashed, profile = record.key.decode(), orjson.loads(record.value)["profile_id"]
        if hashed in self.hashes and profile is not None:
            self.profiles.add(profile)
        elif profile in self.profiles:
            self.hashes.add(hashed)

    def __call__(self, line: Line) -> bool:
        """Whether the line is wanted."""
        return self._of_customer(line) and self._of_channel(line)

    def _of_customer(self, line: Line) -> bool:
        if self.hashes is None or self.profiles is None:
            return True
        if line["kind"] == "dead":
            return self._mentions is not None and self._mentions(line["value"] or b"")
        if line.get("profile_id") in self.profiles:
            return True
        own = not self.hashes.isdisjoint(self._hashes(line.get("identifiers", ())))
        if own and line.get("profile_id"):
            self.profiles.add(line["profile_id"])
        return own or (line["kind"] == "repeat" and line["message_id"] in self._shown)

    def _of_channel(self, line: Line) -> bool:
        if line["kind"] in ("read", "event", "repeat", "dead"):
            wanted = self._channel in (None, line["channel"])
            if wanted:
                self._note(line)
            return wanted
        return self._channel is None or line["profile_id"] in self._shown

    def _note(self, line: Line) -> None:
        for name in ("profile_id", "message_id"):
            if line.get(name):
                self._shown[line[name]] = None
        while len(self._shown) > MOST_PROFILES:
            del self._shown[next(iter(self._shown))]

    def _hashes(self, identifiers: Iterable[dict[str, Any]]) -> list[str]:
        return [self._hash(one["type"], one["value"]) for one in identifiers]
