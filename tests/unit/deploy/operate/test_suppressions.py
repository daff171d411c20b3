"""`winback suppressed`: how an address and a list of them are read, and what becomes of them in the running system."""

from __future__ import annotations

import orjson
import pytest

from deploy.cli import main as cli
from deploy.errors import BadInputError
from deploy.operate import suppressions
from schemas.identifiers import Hasher
from schemas.settings import Settings
from schemas.topics import CONTACT_SUPPRESSIONS, RETARGETING_DECISIONS
from streams.core.protocol.link_log import SuppressRequest
from streams.core.protocol.records import links_out
from streams.testing import Topology

SETTINGS = Settings(secret="operators", phone_region="DE")  # noqa: S106 - made up
HASHER = Hasher("operators")
NOON = 1_772_452_800_000
DAY = 86_400_000


@pytest.mark.parametrize(
    ("text", "value", "channels"),
    [
        ("email:Anna@X.de", "anna@x.de", ("email", "ads")),
        ("phone:0171 2345678", "+491712345678", ("sms", "messenger")),
        ("SMS:+49 171 2345678", "+491712345678", ("sms",)),
        ("push_token:tok", "tok", ("push",)),
        ("ads:anna@x.de", "anna@x.de", ("ads",)),
    ],
)
def test_an_address_is_read_as_in_events(text, value, channels):
    """Normalised, with the channels that it is an address on."""
    assert suppressions.parse(text, SETTINGS) == suppressions.Address(value, channels)


@pytest.mark.parametrize("text", ["anna@x.de", "user_id:anna", "email:nobody", "email:", ""])
def test_what_is_no_address_is_refused(text):
    """In one line that does not show it."""
    with pytest.raises(BadInputError) as refused:
        suppressions.parse(text, SETTINGS)
    assert "anna" not in str(refused.value)


def test_a_list_is_read_line_by_line():
    """Columns in any order and case; a reason and a time where they are given; blanks around do not matter."""
    lines = ["Address,CHANNEL,since,note,reason", "Anna@x.de,email,2026-03-01,x,unsubscribed",
             "+49 171 2345678, sms ,,,", "tok,push,1772366400,,"]  # fmt: skip
    assert suppressions.read(lines, "list.csv", SETTINGS, NOON) == [
        ("email", None, HASHER("email", "anna@x.de"), False, "unsubscribed", NOON - 12 * 3_600_000 - DAY),
        ("sms", None, HASHER("sms", "+491712345678"), False, "imported", NOON),
        ("push", None, HASHER("push", "tok"), False, "imported", 1_772_366_400_000),
    ]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([], "names no column channel"),
        (["channel,mail", "email,a@x.de"], "names no column address"),
        (["channel,address", "email,a@x.de", "email,nobody"], "list.csv:3"),
        (["channel,address", "fax,123"], "list.csv:2"),
        (["channel,address,since", "email,a@x.de,yesterday"], "since"),
        (["channel,address,since", "email,a@x.de,2100-01-01"], "lies ahead"),
        (["channel,address", "email"], "list.csv:2"),
    ],
)
def test_a_wrong_list_is_refused_whole(lines, says):
    """With the line, and without the address."""
    with pytest.raises(BadInputError, match=says) as refused:
        suppressions.read(lines, "list.csv", SETTINGS, NOON)
    assert "@" not in str(refused.value)


@pytest.mark.parametrize(
    "arguments",
    [["import"], ["export", "list.csv"], ["email:a@x.de", "list.csv"], ["import", "list.csv", "--lift"], ["nonsense"]],
)
def test_a_wrong_command_line_is_one_line(arguments, capsys):
    """And exit code 2, before any broker is asked."""
    with pytest.raises(SystemExit) as ended:
        cli.main(["suppressed", *arguments])
    assert ended.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def shop_with(*entries):
    """A shop that takes a list in before Anna leaves her cart; identify's receipts beside it."""
    shop = Topology(SETTINGS.model_copy(update={"clock": "event", "partitions": 3}))
    shop.logs.send(links_out(SuppressRequest("r", entries)))
    anna = {"userId": "anna", "context": {"traits": {"email": "anna@x.de"}}}
    cart = {"type": "track", "event": "Product Added", "properties": {"sku": "s", "price": 90}}
    shop.play("channels.web", [{**anna, **cart, "messageId": "1", "timestamp": NOON}])
    shop.finish()
    log = [orjson.loads(r.value) for r in shop.logs.topics["identity.links"][0]]
    return shop, [row for row in log if row["k"] == "receipt"]


def test_a_list_is_taken_in_and_lifted_again():
    """Identify tells all partitions and answers; the topic has it; a later yes of an operator lifts it."""
    hashed = HASHER("email", "anna@x.de")
    no = ("email", None, hashed, False, "imported", NOON - DAY)
    shop, receipts = shop_with(no, ("email", None, HASHER("email", "ben@x.de"), False, "imported", NOON - DAY))
    assert receipts == [{"k": "receipt", "request": "r", "agent": "identify", "identifiers": 2}]
    decided = [(row["outcome"], row["reason"]) for row in shop.read(RETARGETING_DECISIONS)]
    assert decided
    assert set(decided) == {("suppressed", "no_consent")}
    said = {row["address_hash"]: row for row in shop.read(CONTACT_SUPPRESSIONS)}
    assert said[hashed] == {
        "address_hash": hashed, "channel": "email", "topic": None, "suppressed": True, "reason": "imported",
        "since": "2026-03-01T12:00:00.000Z", "known_at": "2026-03-01T12:00:00.000Z",
    }  # fmt: skip
    shop, _ = shop_with(no, ("email", None, hashed, True, "lifted", NOON - 1))
    assert ("sent", None) in [(row["outcome"], row["reason"]) for row in shop.read(RETARGETING_DECISIONS)]
    assert [row["suppressed"] for row in shop.read(CONTACT_SUPPRESSIONS)] == [True, False]
