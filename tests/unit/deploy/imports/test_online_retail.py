"""The real order history: UCI Online Retail, where it is at hand."""

from __future__ import annotations

import os
from collections import Counter
from decimal import Decimal
from pathlib import Path

import orjson
import pytest

from deploy.imports.orders import import_lines
from schemas.topics import MAX_EVENT_BYTES

ROOT = Path(__file__).parents[4]
DATA = Path(os.environ.get("WINBACK_RETAIL_DATA") or ROOT.parent / "shared" / "data" / "online-retail.csv.gz")


@pytest.mark.skipif(not DATA.exists(), reason=f"{DATA} is not here")
def test_every_invoice_customer_and_penny() -> None:
    """25,900 invoices by kind, 4,372 customers, 3,710 nameless ones, and the net to the last digit."""
    kinds: Counter[str] = Counter()
    customers: set[str] = set()
    nameless, net, message_ids = 0, Decimal(0), set()
    for line in import_lines(DATA, ROOT / "deploy" / "imports" / "online-retail.yaml"):
        value = line["value"]
        properties = value["properties"]
        kinds[properties["kind"]] += 1
        message_ids.add(value["messageId"])
        if "userId" in value:
            customers.add(value["userId"])
            assert "." not in value["userId"]
        else:
            nameless += 1
        revenue = Decimal(str(properties["revenue"]))
        net += revenue if value["event"] == "Order Completed" else -revenue
        assert len(orjson.dumps(value)) <= MAX_EVENT_BYTES
        assert "products_omitted" not in properties
    assert kinds == {"sale": 22_061, "cancellation": 3_836, "adjustment": 3}
    assert (len(customers), nameless, len(message_ids)) == (4_372, 3_710, 25_900)
    assert net == Decimal("9747747.934")
