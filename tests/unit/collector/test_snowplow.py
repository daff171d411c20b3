"""Snowplow's tracker protocol as calls of the contract."""

from __future__ import annotations

from base64 import urlsafe_b64encode

import orjson
import pytest

from collector.keys import Keys
from tests.support.collecting import KEY, SOURCE, collected, event_of, messages

PATH = "/com.snowplowanalytics.snowplow/tp2"
SHOP = "iglu:com.snowplowanalytics.snowplow.ecommerce"


def packed(value):
    """JSON as it is in ue_px and cx."""
    return urlsafe_b64encode(orjson.dumps(value)).rstrip(b"=").decode()


def ue(schema, data, *entities, **more):
    """The fields of a self-describing event."""
    fields = {
        "e": "ue", "eid": "e-1", "dtm": "1790000000000", "stm": "1790000000500", "uid": "4711",
        "duid": "d-1", "aid": KEY,
        "ue_px": packed({"schema": "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0",
                         "data": {"schema": schema, "data": data}}),
    }  # fmt: skip
    if entities:
        listed = [{"schema": f"{SHOP}/{name}/jsonschema/1-0-0", "data": one} for name, one in entities]
        fields["cx"] = packed({"schema": "iglu:x/contexts/jsonschema/1-0-1", "data": listed})
    return fields | more


def sent(*events):
    """The messages of a request."""
    return messages(PATH, {"schema": "iglu:x/payload_data/jsonschema/1-0-4", "data": list(events)}, headers={})


def action(kind, *entities, **data):
    """The one message of an e-commerce action."""
    [message] = sent(ue(f"{SHOP}/snowplow_ecommerce_action/jsonschema/1-0-2", {"type": kind, **data}, *entities))
    return message


MUG = {
    "id": "P-1",
    "name": "Mug",
    "category": "home",
    "price": 19.99,
    "quantity": 2,
    "currency": "EUR",
    "variant": "blue",
}
CAP = {"id": "P-2", "name": "Cap", "category": "home", "price": 5.5, "quantity": 1, "currency": "EUR"}


def test_an_addition_is_product_added():
    """One product stands on the event itself, with its own price and number."""
    message = action("add_to_cart", ("product", MUG), ("cart", {"cart_id": "C", "total_value": 99, "currency": "EUR"}))
    assert (message["event"], message["userId"], message["anonymousId"]) == ("Product Added", "4711", "d-1")
    assert (message["messageId"], message["timestamp"], message["sentAt"]) == ("e-1", "1790000000000", "1790000000500")
    assert message["properties"] == {**{k: v for k, v in MUG.items() if k != "id"}, "product_id": "P-1", "cart_id": "C"}


def test_a_transaction_is_order_completed():
    """Order id, revenue, coupon and lines, as the pipeline reads them."""
    message = action(
        "transaction",
        ("transaction", {"transaction_id": "O-1", "revenue": 45.48, "currency": "EUR", "discount_code": "X"}),
        ("product", MUG), ("product", CAP), ("user", {"id": "9", "email": "a@b.de", "is_guest": True}),
    )  # fmt: skip
    event = event_of(orjson.dumps(message))
    assert (event["name"], event["properties"]["order_id"], event["properties"]["revenue"]) == (
        "Order Completed",
        "O-1",
        45.48,
    )
    assert event["properties"]["coupon"] == "X"
    assert [(p["product_id"], p["price"], p["quantity"]) for p in event["properties"]["products"]] == [
        ("P-1", 19.99, 2), ("P-2", 5.5, 1),
    ]  # fmt: skip
    assert {one["type"] for one in event["identifiers"]} >= {"user_id", "email", "anonymous_id"}


@pytest.mark.parametrize(
    ("kind", "name"),
    [("remove_from_cart", "Product Removed"), ("product_view", "Product Viewed"), ("list_view", "Product List Viewed"),
     ("checkout_step", "Checkout Step Completed"), ("refund", "Order Refunded"), ("trns_error", "trns_error")],
)  # fmt: skip
def test_other_actions(kind, name):
    """By the names of the contract; a transaction that failed is none."""
    assert action(kind, ("product", MUG))["event"] == name


def test_page_views_screens_and_structured_events():
    """pv, se, and a schema of one's own; pings are ignored."""
    page, own, structured = sent(
        {
            "e": "pv",
            "url": "https://s/a",
            "page": "A",
            "refr": "https://g",
            "duid": "d",
            "aid": KEY,
            "ua": "UA",
            "tz": "Europe/Berlin",
        },
        ue("iglu:com.shop/loyalty_joined/jsonschema/1-0-0", {"level": 3}),
        {"e": "se", "se_ca": "c", "se_ac": "play", "se_va": "2", "duid": "d"},
        {"e": "pp", "duid": "d"},
    )
    assert (page["type"], page["name"], page["context"]["timezone"]) == ("page", "A", "Europe/Berlin")
    assert page["context"]["page"] == {"url": "https://s/a", "title": "A", "referrer": "https://g"}
    assert (own["event"], own["properties"]) == ("loyalty_joined", {"level": 3})
    assert (structured["event"], structured["properties"]["value"]) == ("play", "2")


def test_the_old_transaction_has_its_items():
    """Tr and ti are one order."""
    [order] = sent(
        {"e": "tr", "tr_id": "O", "tr_tt": "20", "tr_cu": "EUR", "uid": "1", "aid": KEY},
        {"e": "ti", "ti_id": "O", "ti_sk": "S", "ti_pr": "10", "ti_qu": "2"},
    )
    assert order["event"] == "Order Completed"
    assert order["properties"]["products"] == [{"sku": "S", "price": "10", "quantity": "2"}]


def test_a_pixel_has_the_fields_in_its_query():
    """GET /i, with a source for requests that name no key."""
    query = {"e": "pv", "url": "https://s", "page": "A", "duid": "d", "dtm": "1790000000000"}
    [message] = messages("/i", b"", query=query, headers={}, keys=Keys({}, keyless=SOURCE))
    assert (message["type"], message["anonymousId"]) == ("page", "d")


@pytest.mark.parametrize("damaged", ["%%%", "e30", packed([1]), "", None, 5])
def test_what_cannot_be_unpacked_is_an_event_without_a_name(damaged):
    """It is published for the dead letters to show, and nothing crashes."""
    fields = ue("x", {}) | {"ue_px": damaged, "cx": damaged}
    read = collected(PATH, {"data": [fields]}, headers={})
    assert (read.status, len(read.events)) == (200, 1)
    assert "dead" in event_of(read.events[0].value)
