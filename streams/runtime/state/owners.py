"""What is known of `identity.assignments`: which profile an identifier is of, and which identifiers were erased."""

from __future__ import annotations

from typing import Final

import orjson

from schemas.times import parse

RECENT: Final = 100_000
"""Of how many identifiers, at least, the version is kept: more than identify assigns in one unit."""


class Owners:
    """`of`: identifier hash -> profile id; `version`: that of the youngest assignment applied, 0 if none.

    `erased`: identifier hash -> until when (epoch milliseconds) it is of a person who was erased.

    A restarted identify sends again what it had sent since its last unit, so an assignment may come once more when a
    younger one of the same identifier is known already. It must not be taken for news, not even for a moment: `version`
    says that the younger one is known. So the version of at least `recent` identifiers is kept.
    """

    def __init__(self, recent: int = RECENT) -> None:
        self._most = recent
        self.of: dict[str, str] = {}
        self.erased: dict[str, int] = {}
        self.version = 0
        # One string a profile, however many identifiers it has.
        self._profiles: dict[str, str] = {}
        # What may come again is what came last: a version of every identifier would cost as much as its owner.
        self._recent: dict[str, int] = {}
        self._before: dict[str, int] = {}

    def apply(self, key: bytes | None, value: bytes | None) -> None:
        """Take one record: an assignment of the identifier that is its `key`, or (no value) that it was forgotten."""
        if key is None:
            return
        identifier = key.decode()
        if value is None:
            self.of.pop(identifier, None)
            return
        assignment = orjson.loads(value)
        # Erased: who comes under this identifier from now on is somebody new, who must not be taken for the one before.
        profile_id = assignment["profile_id"] or assignment.get("next_profile_id") or identifier
        version = assignment["version"]
        if version < (self._recent.get(identifier) or self._before.get(identifier, 0)):
            return
        self._recent[identifier] = version
        if len(self._recent) > self._most:
            self._before, self._recent = self._recent, {}
        if (erased := assignment.get("erased_at")) is not None:
            self.erased[identifier] = parse(erased) or 0
        self.of[identifier] = self._profiles.setdefault(profile_id, profile_id)
        self.version = max(self.version, version)
