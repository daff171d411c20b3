"""Messages that are taken back before they are delivered: by a no, a dead address, or an order that a merge brings."""

from __future__ import annotations

from typing import Any

from tests.oracle.campaigns import DAY
from tests.oracle.outcome import iso
from tests.oracle.profile import Profile, digest
from tests.oracle.reach import Sent
from tests.oracle.reading import Fact

TTL = DAY
"""How long a message may be on its way: no made-up file says anything else."""


def of_words(p: Profile, event: Fact, withdrawn: set[str], died: tuple[str, str] | None) -> list[dict[str, Any]]:
    """The rows that take back what goes against the consent just withdrawn, or goes to the address just found dead."""
    rows = []
    for sent in on_their_way(p, event.time):
        keys = {sent.channel} | ({f"{sent.channel}:{sent.topic}", f"*:{sent.topic}"} if sent.topic else set())
        if sent.deal:
            keys = {sent.channel} if event.name == "Email Marked as Spam" else set()
        if keys & withdrawn or (died and died == (sent.channel, sent.to)):
            rows.append(taken_back(p, sent, "no_consent", event.time))
    return rows


def of_merge(winner: Profile, loser: Profile, ordered: tuple[int | None, int | None], at: int) -> list[dict[str, Any]]:
    """The rows that take back what one side was sent after the other side had ordered, nobody knowing of it."""
    rows = []
    for side, order in ((loser, ordered[0]), (winner, ordered[1])):
        rows += [
            taken_back(winner, sent, "converted", at)
            for sent in on_their_way(side, at)
            if not sent.deal and order is not None and order <= sent.at and sent.trigger.ended_by(order)
        ]
    return rows


def of_merged_no(p: Profile, at: int) -> list[dict[str, Any]]:
    """The rows that take back what is on its way though one side of the merge had said no, or its address is dead."""
    rows = []
    for sent in on_their_way(p, at):
        keys = (
            []
            if sent.deal
            else [sent.channel, *([f"{sent.channel}:{sent.topic}", f"*:{sent.topic}"] if sent.topic else [])]
        )
        refused = any(not p.reach.consent.get(key, (0, True))[1] for key in keys)
        dead = p.reach.bounced.get(sent.channel, (0, None))[1] == sent.to
        if refused or dead or sent.channel in p.reach.complained:
            rows.append(taken_back(p, sent, "no_consent", at))
    return rows


def on_their_way(p: Profile, now: int) -> list[Sent]:
    """The messages that may not have been delivered yet."""
    return [sent for sent in p.reach.sent if sent.at > now - TTL and not sent.told]


def taken_back(p: Profile, sent: Sent, reason: str, at: int) -> dict[str, Any]:
    """The row; once a message."""
    sent.told.add("taken back")
    no = sent.trigger.abandonment_no
    return {
        **sent.row,
        "decision_id": digest(f"{p.id}|{sent.campaign_id}|{sent.ref}|{no}|{sent.step}|retracted"),
        "profile_id": p.id,
        "control_share": None,
        "outcome": "cancelled",
        "reason": reason,
        "decided_at": iso(at),
    }
