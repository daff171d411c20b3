"""Dead letters of a running shop: listed, mended, replayed once, and seen to count once."""

from __future__ import annotations

import asyncio
import base64
import json

import pytest

from deploy.operate import draining
from schemas.times import iso
from tests.support.hours import at, line
from tests.support.stack import winback


async def command(shop, *arguments, code=0):
    """What `winback deadletters` says, on standard output and standard error."""
    ran = await asyncio.to_thread(winback, "deadletters", *arguments, **shop.env)
    assert ran.returncode == code, ran.stderr + shop.said
    return ran


async def asked(shop, *arguments):
    """What it prints as JSON."""
    return json.loads((await command(shop, *arguments, "--json")).stdout)


def raw(minute, value, **more):
    """An input line of these bytes, at this minute."""
    coded = base64.b64encode(value if isinstance(value, bytes) else json.dumps(value).encode()).decode()
    return {"topic": "channels.store", "key": "till", "timestamp": at(minute), "value_b64": coded, **more}


@pytest.mark.slow
async def test_dead_letters_are_mended_and_counted_once(live, tmp_path):
    """Cut-off JSON of an order and nameless calls: told, mended in a file, replayed, and not twice."""
    shop = await live("letters", at(0))
    order = {"type": "track", "event": "Order Completed", "messageId": "m-o1", "userId": "anna",
             "timestamp": iso(at(5)),
             "properties": {"order_id": "o1", "revenue": 30, "currency": "EUR"}}  # fmt: skip
    cut = json.dumps(order).encode()[:-1]
    await shop.publish([
        raw(5, cut), raw(6, {"type": "track", "userId": "anna"}), raw(7, {"type": "track", "userId": "ben"}),
        line(8, "Product Viewed", userId="anna", properties={"product_id": "p"}),
    ])  # fmt: skip
    await shop.until("dead.letters", 3)

    newest = await asked(shop)
    assert [one["reason"] for one in newest].count("missing_event_name") == 2
    assert {one["topic"] for one in newest} == {"channels.store"}
    [by_json, by_name] = sorted(await asked(shop, "--by", "reason"), key=lambda row: row["letters"])
    assert (by_json["reason"], by_json["letters"], by_name["letters"]) == ("invalid_json", 1, 2)
    shown = await asked(shop, "show", by_json["latest"])
    assert shown["text"].encode() == cut
    assert shown["now"].startswith("refused: invalid_json")
    assert "anna" not in (await command(shop)).stdout  # a list holds nothing of anybody

    # Unmended, it would fail again, which is said, and nothing is sent; all that cannot be taken is left out.
    refused = await command(shop, "replay", by_json["latest"], "--yes", code=1)
    assert "nothing is sent" in refused.stderr
    told = json.loads((await command(shop, "replay", "--yes", "--json")).stdout)
    assert (told["ready"], told["sent"], sum(one["letters"] for one in told["failing"])) == (0, 0, 3)

    lines = [json.loads(one) for one in (await command(shop, "export")).stdout.splitlines()]
    file = tmp_path / "f.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in lines))
    assert "f.jsonl:" in (await command(shop, "replay", str(file), "--yes", code=2)).stderr
    for one in lines:
        if "text" in one:
            one["text"] += "}"
        else:
            one["value"]["event"] = "Till Opened"
    file.write_text("".join(json.dumps(one) + "\n" for one in lines))
    dry = json.loads((await command(shop, "replay", str(file), "--dry-run", "--json")).stdout)
    assert (dry["ready"], dry["sent"]) == (3, 0)
    first = json.loads((await command(shop, "replay", str(file), "--yes", "--json")).stdout)
    again = json.loads((await command(shop, "replay", str(file), "--yes", "--json")).stdout)
    assert (first["sent"], again["sent"], again["replayed_before"]) == (3, 0, 3)
    twice = json.loads((await command(shop, "replay", str(file), "--yes", "--again", "--json")).stdout)
    assert twice["sent"] == 3

    shop.now(at(120))
    records = await shop.finish()
    stitched = [json.loads(one.value) for one in records["stitched.events"]]
    sold = [one for one in stitched if one["name"] == "Order Completed"]
    assert [(one["message_id"], one["event_time"], one["received_at"]) for one in sold] == [
        ("m-o1", iso(at(5)), iso(at(5)))
    ]
    assert [one["name"] for one in stitched].count("Till Opened") == 2
    assert len(records["conversions"]) == 1
    async with shop.consumer() as consumer:
        ends = await draining.ends(consumer, ["dead.letters.replayed"], shop.settings)
        audit = [json.loads(one.value) async for one in draining.everything(consumer, ends)]
    assert {(one["letter"], one["mended"], bool(one["by"])) for one in audit} == {
        (one["id"], True, True) for one in newest
    }
    assert len({one["replay"] for one in audit}) == 2
    assert all(row["replayed"] == row["letters"] for row in await asked(shop, "--by", "reason"))
