"""What the tests of audiences share: an ad platform, and records of members."""

from __future__ import annotations

import time
from hashlib import sha256

import orjson

from schemas import times
from schemas.audiences import member_key
from schemas.identifiers import Hasher
from schemas.record import Record
from schemas.settings import Settings
from schemas.topics import AUDIENCES_MEMBERS, CONTACT_SUPPRESSIONS, partition_of
from tests.support.dispatch import PARTITIONS, Hook

HASHER = Hasher(Settings().secret.get_secret_value())


def hashed(number):
    """The hash of customer `number`."""
    return sha256(address(number).encode()).hexdigest()


def address(number):
    """The e-mail address of customer `number`."""
    return f"c{number}@example.com"


def member(number, audience="undecided", *, inside=True, webhook="meta", profile=None, agreed_at=None):
    """A record of `audiences.members`: customer `number` is in, or is taken out."""
    pid = f"{number if profile is None else profile:08x}" + "b" * 24
    key = member_key(pid, webhook, "email", hashed(number), audience)
    value = {
        "profile_id": pid, "webhook": webhook, "audience": audience, "identifier": "email", "sha256": hashed(number),
        "addresses": [{"address_hash": HASHER("ads", address(number)), "agreed_at": agreed_at}],
        "at": times.iso(int(time.time() * 1000)),
    }  # fmt: skip
    return Record(
        AUDIENCES_MEMBERS, partition_of(pid, PARTITIONS), 0, 0, key.encode(), orjson.dumps(value) if inside else None
    )


def said(number, *, no=True, since="2026-01-01T00:00:00.000Z"):
    """A record of `contact.suppressions`: somebody has said no to ads for the address of customer `number`, or yes."""
    key = HASHER("ads", address(number))
    row = {"address_hash": key, "channel": "ads", "topic": None, "suppressed": no, "reason": "unsubscribed",
           "since": since, "known_at": since}  # fmt: skip
    return Record(CONTACT_SUPPRESSIONS, partition_of(key, PARTITIONS), 0, 0, key.encode(), orjson.dumps(row))


class Platform(Hook):
    """An ad platform behind a webhook: does what each key asks for once. `answers` as of a Hook."""

    def requests_of(self, audience):
        """The bodies about an audience, in the order in which they came, repeats included."""
        bodies = [orjson.loads(body) for _, body in list(self.requests)]
        return [body for body in bodies if body["audience"] == audience]

    def taken(self):
        """The bodies of keys that it has taken, in the order in which it took them."""
        by_key = {headers["Idempotency-Key"]: orjson.loads(body) for headers, body in list(self.requests)}
        return [by_key[key] for key in list(self.effects)]

    def members(self, audience="undecided"):
        """The numbers of the customers in an audience, as far as they are below 100."""
        names, found = {hashed(number): number for number in range(100)}, set()
        for body in self.taken():
            if body["audience"] == audience:
                found |= {names[one["sha256"]] for one in body["add"]}
                found -= {names[one["sha256"]] for one in body["remove"]}
        return found
