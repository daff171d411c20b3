"""Who was in both arms of a holdout through a merge gets no more of that campaign, and the rows say so."""

from __future__ import annotations

import orjson

from schemas.identifiers import Hasher
from schemas.record import Record
from schemas.settings import Settings
from schemas.topics import RETARGETING_DECISIONS
from streams.campaigns import load
from streams.testing import replay
from tests.oracle.campaigns import Campaigns
from tests.oracle.run import SECRET
from tests.oracle.run import run as oracle

START = 1_767_600_000_000
DAY = 24 * 3_600_000
FILE = """
campaigns:
  - id: half
    trigger: {on: cart_abandoned, min_value: 0}
    holdout: 50%
    steps: [{id: reminder, after: 0m, channel: email, template: cart_reminder}]
"""


def arm(type_: str, value: str) -> str:
    """The arm that a customer first known by this identifier falls into."""
    campaigns = Campaigns(FILE, SECRET)
    return campaigns.arm(Hasher(SECRET)(type_, value), campaigns.campaigns[0])


def somebody(of: str, type_: str = "email", nth: int = 0) -> str:
    """The nth value of this type whose customer falls into this arm."""
    values = (f"c{n}@shop.example" if type_ == "email" else f"u{n}" for n in range(100))
    return [value for value in values if arm(type_, value) == of][nth]


def identify(offset: int, email: str, user: str) -> Record:
    """A day after the start, somebody logs in who has this e-mail."""
    return line(offset, START + DAY, {"type": "identify", "userId": user, "traits": {"email": email}})


def line(offset: int, at: int, call: dict[str, object]) -> Record:
    """One event on the web."""
    value = orjson.dumps({"messageId": f"m{offset}", "timestamp": at, **call})
    return Record("channels.web", 0, offset, at, None, value)


def cart(offset: int, at: int, email: str) -> Record:
    """Something goes into the cart of whoever has this e-mail."""
    properties = {"sku": "s", "price": 30, "quantity": 1}
    return line(offset, at, {
        "type": "track", "event": "Product Added", "properties": properties, "context": {"traits": {"email": email}},
    })  # fmt: skip


def decided(tmp_path, records: list[Record]) -> list[tuple[str, str | None]]:
    """(outcome, reason) of every decision in order of time, which is the oracle's too."""
    path = tmp_path / "campaigns.yaml"
    path.write_text(FILE)
    settings = Settings(clock="event", secret=SECRET, campaigns=path)
    rows = [orjson.loads(r.value or b"") for r in replay(records, settings, load(path))[RETARGETING_DECISIONS]]
    got, want = (
        [(row["outcome"], row["reason"]) for row in sorted(of, key=lambda row: (row["decided_at"], row["decision_id"]))]
        for of in (rows, oracle(records, campaigns=FILE).decisions)
    )
    assert got == want
    return got


def test_both_arms(tmp_path) -> None:
    """One side had a message, the other was held out: after the merge nothing is sent, for `contaminated`."""
    treated, control = somebody("treatment"), somebody("control")
    history = [
        cart(0, START, treated), cart(1, START, control),
        identify(2, treated, "u"), identify(3, control, "u"),
        cart(4, START + 2 * DAY, treated),
    ]  # fmt: skip
    *before, after = decided(tmp_path, history)
    assert sorted(before) == [("held_out", None), ("sent", None)]
    assert after == ("suppressed", "contaminated")


def test_one_arm(tmp_path) -> None:
    """Two sides of one arm become one: the campaign goes on as before."""
    first, second = somebody("treatment"), somebody("treatment", nth=1)
    user = somebody("treatment", "user_id")
    history = [
        cart(0, START, first), cart(1, START, second),
        identify(2, first, user), identify(3, second, user),
        cart(4, START + 2 * DAY, first),
    ]  # fmt: skip
    assert decided(tmp_path, history) == [("sent", None)] * 3
