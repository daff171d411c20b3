"""Names of events that came in, with what they do and the nearest known name."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from deploy.errors import BadInputError
from deploy.operate import event_names
from schemas.settings import Settings

SEEN = datetime(2026, 11, 21, 13, tzinfo=UTC)
NAMES = (("Order Completed", "purchase"), ("page", "page_view"), ("Ordr Completed", ""), ("Lamp Lit", ""),
         ("checkout", ""), ("Ordered Product", ""), ("Unsubscribed", "unsub"), ("Product Added", ""))  # fmt: skip


def client_of(*names):
    """A ClickHouse whose view has these names."""
    rows = [
        {"name": name, "original_name": original, "events": 2, "first_seen": SEEN, "last_seen": SEEN}
        for name, original in names
    ]
    return SimpleNamespace(query=lambda _sql: SimpleNamespace(named_results=lambda: iter(rows)))


def test_names_are_told_with_what_they_do():
    """Effects, the nearest name of what is unknown, and whether a source is all that it lacks."""
    found = event_names.of(client_of(*NAMES), Settings())
    assert found[0] == {
        "name": "Order Completed", "original_name": "purchase", "events": 2, "does": "order", "nearest": None,
        "first_seen": "2026-11-21T13:00:00.000Z", "last_seen": "2026-11-21T13:00:00.000Z", "needs_source": False,
    }  # fmt: skip
    assert [(row["does"], row["nearest"], row["needs_source"]) for row in found[1:]] == [
        ("activity", None, False), ("nothing", "Order Completed", False), ("nothing", None, False),
        ("nothing", "Order Completed", True), ("nothing", None, False), ("consent", None, False),
        ("cart", None, False),
    ]  # fmt: skip
    assert [row["name"] for row in event_names.unknown(found)] == ["Ordr Completed", "checkout"]


def test_names_of_the_shop_are_known(tmp_path):
    """What resembles an own name is told with what that name means; a file that is not valid is one line."""
    own = tmp_path / "aliases.yaml"
    own.write_text("events: {Lamp Lid: Product Viewed}")
    [lit] = event_names.of(client_of(("Lamp Lit", "")), Settings(aliases=own))
    assert lit["nearest"] == "Product Viewed"
    own.write_text("[]")
    with pytest.raises(BadInputError, match=r"WINBACK_ALIASES: .*an aliases file is a mapping"):
        event_names.of(client_of(), Settings(aliases=own))
