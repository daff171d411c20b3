"""Audiences as the oracle sees them: who is in which, by which hash, worked out anew at each look at a customer."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from tests.oracle.outcome import iso

if TYPE_CHECKING:
    from tests.oracle.profile import Profile
    from tests.oracle.walk import Walk


def spelled(kind: str, address: str) -> str:
    """An address as an ad platform hashes it."""
    if kind == "phone_digits":
        return "".join(one for one in address if one.isdigit())
    if kind in {"email", "phone"}:
        return address.strip().lower()
    name, domain = address.strip().lower().rsplit("@", 1)
    gmail = domain in {"gmail.com", "googlemail.com"}
    if gmail or kind == "email_untagged":
        name = name.split("+")[0] or name
    if gmail and kind == "email_gmail":
        name = "".join(name.split(".")) or name
    return f"{name}@{domain}"


class Advertising:
    """The audiences of a `Walk`, which is to have the rest."""

    def advertise(self: Walk, p: Profile, at: int) -> None:
        """Records of what has changed in the audiences that a customer is in."""
        told, wanted = p.membership.told, dict(self.advertised(p, at))
        for key in [one for one in told if one not in wanted]:
            del told[key]
            self.out.audiences.append((key, None))
        for key, row in wanted.items():
            if told.get(key) != row["addresses"]:
                told[key] = row["addresses"]
                self.out.audiences.append((key, row))

    def advertised(self: Walk, p: Profile, at: int) -> Any:
        """(key, row) of all audiences that a customer belongs in."""
        contacts = p.reach.contacts
        for segment in self.campaigns.segments:
            audience, stale = segment.get("audience"), self.campaigns.stale_after.get("ads")
            if audience is None or segment["id"] not in p.membership.members:
                continue
            topic = audience.get("topic", "").strip().lower() or None
            if not self._consent(p, {"channel": "ads", **({"topic": topic} if topic else {})}, at):
                continue
            addresses = []
            for channel in ("ads", "email", "sms"):
                for about in ("ads",) if topic is None else ("ads", f"ads:{topic}"):
                    if channel in contacts:
                        address = contacts[channel][1]
                        when, named = p.reach.own_yes.get(about, (0, None))
                        yes = iso(when) if named == address else None
                        addresses.append({"address": (about, address), "agreed_at": yes})
            for kind in audience.get("identifiers", ["email", "phone"]):
                channel = "sms" if kind.startswith("phone") else "email"
                if channel not in contacts or (stale is not None and at - contacts[channel][0] > stale):
                    continue
                hashed = hashlib.sha256(spelled(kind, contacts[channel][1]).encode()).hexdigest()
                yield f"{p.id}/{audience['webhook']}/{kind}/{hashed}/{segment['id']}", {
                    "profile_id": p.id, "webhook": audience["webhook"], "audience": segment["id"], "identifier": kind,
                    "sha256": hashed, "addresses": addresses, "at": iso(at),
                }  # fmt: skip

    def no_more(self: Walk, p: Profile) -> None:
        """A customer who has become part of another is in no audience."""
        self.out.audiences += [(key, None) for key in p.membership.told]
        p.membership.told.clear()
