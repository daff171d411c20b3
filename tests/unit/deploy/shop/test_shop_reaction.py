"""Customers who react to messages: who, when, with what, and as whom; the command that puts them in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from deploy.cli.main import app
from deploy.shop.reaction import draw, reactions
from schemas.times import parse

AT = "2026-01-05T10:00:00.000Z"


def message(profile: str, channel: str = "email", at: str = AT, campaign: str = "c") -> dict[str, Any]:
    """What was sent to somebody."""
    return {"campaign_id": campaign, "profile_id": profile, "channel": channel, "to": f"{profile}@", "decided_at": at}


def test_a_known_share_reacts_once_a_campaign() -> None:
    """Who draws less than the share, 1 to 24 hours after the first message; the same again for the same seed."""
    told = [message(str(n), at=at) for n in range(2_000) for at in (AT, "2026-01-06T10:00:00.000Z")]
    made = list(reactions(told, 0.2, 7))
    assert made == list(reactions(reversed(told), 0.2, 7))
    assert {line["key"] for line in made} == {f"{n}@" for n in range(2_000) if draw(7, "c", str(n)) < 0.2}
    assert 0.17 < len(made) / 2_000 < 0.23
    began, hour = parse(AT) or 0, 3_600_000
    times = [line["timestamp"] for line in made]
    assert times == sorted(times)
    assert began + hour <= times[0] < times[-1] <= began + 24 * hour
    others = {line["key"] for line in reactions([message(str(n), campaign="d") for n in range(2_000)], 0.2, 7)}
    assert 0.1 < len(others & {line["key"] for line in made}) / len(made) < 0.3


def test_orders_name_who_was_written_to() -> None:
    """By the address of the message, as an identity and not as something typed; adverts bring none."""
    made = list(reactions([message(channel, channel) for channel in ("email", "sms", "push", "ads")], 1, 1))
    assert {line["key"]: line["value"]["context"] for line in made} == {
        "email@": {"traits": {"email": "email@"}}, "sms@": {"traits": {"phone": "sms@"}},
        "push@": {"device": {"token": "push@"}},
    }  # fmt: skip
    assert list(reactions([message("a")], 0, 1)) == []
    with pytest.raises(ValueError, match="from 0 to 1"):
        list(reactions([], 1.5, 1))


def test_the_command_puts_them_in(tmp_path: Path) -> None:
    """The same lines as without, and the orders between them, in the order of arrival."""
    file = tmp_path / "messages.jsonl"
    file.write_bytes(b"".join(orjson.dumps(message(str(n), campaign=c)) + b"\n" for n in range(9) for c in "ab"))
    shop = ["simulate", "--customers", "5", "--seed", "3"]
    plain = CliRunner().invoke(app, shop).stdout.splitlines()
    options = ["--reaction", "1", "--messages", str(file), "--campaign", "a"]
    reacting = CliRunner().invoke(app, [*shop, *options]).stdout.splitlines()
    orders = [line for line in reacting if line not in set(plain)]
    assert [line for line in reacting if line not in set(orders)] == plain
    assert {orjson.loads(line)["value"]["properties"]["order_id"] for line in orders} == {f"R-a-{n}" for n in range(9)}
    times = [orjson.loads(line)["timestamp"] for line in reacting]
    assert times == sorted(times)
