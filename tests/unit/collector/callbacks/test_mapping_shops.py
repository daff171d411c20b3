"""What each webhook of a shop system becomes, as shared tables of what they put on the wire say."""

from __future__ import annotations

from typing import Any

from collector.callbacks.events import Reading
from tests.support import callback_bodies as bodies
from tests.support.callback_bodies import ANA
from tests.support.callback_reading import check, only, read, told

PHONE = "+4915112345678"


def shopify(topic: str, body: Any) -> Reading:
    """A body of a topic of Shopify's."""
    return read("shopify", body, {"X-Shopify-Topic": topic})


def test_shopify_orders():
    """An order, in the shop's own currency, with lines, codes, cart and checkout; amounts are the text that came."""
    found = only(shopify("orders/create", bodies.shopify_order()))
    check(
        found, "Order Completed", order_id="820982911946154508", total="403.00", currency="EUR", discount="5.00",
        coupons=["CART-7K2M9Q4T"], checkout_id="bd5a8aa1ecd019dd3520ff791ee3a24c", shipping="10.00", order_name="#9999",
        cart_id="68778783ad298f1c80c3bafcddeea02f", test=None,
        products=[{"product_id": "632910392", "variant": "808950810", "sku": "IPOD2008PINK", "name": "IPod Nano - 8GB",
                   "price": "199.00", "quantity": 2, "currency": "EUR", "discount": "5.00", "brand": "Apple"}],
    )  # fmt: skip
    assert (found["channel"], found["userId"], found["timestamp"]) == (
        "web", "115310627314723954", "2026-11-30T03:33:00.000Z",
    )  # fmt: skip
    assert found["context"]["traits"] == {"email": ANA, "phone": "+4915112345678"}
    assert found["messageId"] == "shopify:order:820982911946154508:create"
    till = only(shopify("orders/create", bodies.shopify_order(source_name="pos", location_id=905684977)))
    assert (till["channel"], till["properties"]["store_id"]) == ("store", "905684977")
    check(only(shopify("orders/updated", bodies.shopify_order())), "Order Updated", total="403.00")
    check(only(shopify("orders/paid", bodies.shopify_order())), "Order Completed", total="403.00")
    void = bodies.shopify_order(cancelled_at="2026-11-30T05:00:00+01:00", cancel_reason="customer")
    found = only(shopify("orders/cancelled", void))
    check(found, "Order Cancelled", order_id="820982911946154508", reason="customer", products=None)
    assert found["timestamp"] == "2026-11-30T04:00:00.000Z"


def test_shopify_refunds():
    """A refund is what its transactions came to, those that failed aside; without any it has paid nothing."""
    found = only(shopify("refunds/create", bodies.shopify_refund()))
    check(found, "Order Refunded", order_id="820982911946154508", refund_id="890088186047892319", total="194.30",
          currency="EUR")  # fmt: skip
    assert found["properties"]["products"][0]["quantity"] == 1
    found = only(shopify("refunds/create", bodies.shopify_refund(transactions=[])))
    check(found, "Order Refunded", total="0")


def test_shopify_checkouts_and_carts():
    """Snapshots of the lines: a checkout's address was only typed, the token of the cart is the visitor of both."""
    found = only(shopify("checkouts/create", bodies.shopify_checkout()))
    check(found, "Checkout Started", checkout_id="123123123", value="398.00", currency="EUR", email=ANA)
    assert found["anonymousId"] == "shopify-cart:68778783ad298f1c80c3bafcddeea02f"
    assert "traits" not in found["context"]
    assert shopify("checkouts/update", bodies.shopify_checkout(completed_at="2026-11-30T04:20:00Z")).ignored == 1
    cart = only(shopify("carts/update", bodies.shopify_cart()))
    check(cart, "Cart Viewed", cart_id="68778783ad298f1c80c3bafcddeea02f", currency="EUR")
    assert (cart["anonymousId"], cart["timestamp"]) == (found["anonymousId"], "2026-11-30T02:59:00.000Z")
    check(only(shopify("carts/create", bodies.shopify_cart(line_items=[]))), "Cart Viewed", products=[])


def test_shopify_customers():
    """Who somebody is, and what was said of consent, as of when it was said; who has said nothing has said nothing."""
    mail = {"state": "subscribed", "opt_in_level": "single_opt_in", "consent_updated_at": "2026-11-01T11:00:00+01:00"}
    text = {"state": "not_subscribed", "consent_updated_at": None}
    customer = {**bodies.CUSTOMER, "email_marketing_consent": mail, "sms_marketing_consent": text}
    person, said = told(shopify("customers/update", customer))
    assert (person["type"], person["userId"], person["traits"]) == (
        "identify", "115310627314723954", {"firstName": "Ana", "lastName": "García", "email": ANA},
    )  # fmt: skip
    check(said, "Subscription Changed", channel="email", subscribed=True)
    assert said["timestamp"] == "2026-11-01T10:00:00.000Z"
    no = {"customer_id": 1, "phone": PHONE, "sms_marketing_consent": {**mail, "state": "unsubscribed"}}
    said = only(shopify("customers_sms_marketing_consent/update", no))
    check(said, "Subscription Changed", channel="sms", subscribed=False)
    no = {"customer_id": 1, "email_address": ANA, "email_marketing_consent": {**mail, "state": "pending"}}
    assert shopify("customers_email_marketing_consent/update", no) == Reading(ignored=1)


def woo(topic: str, body: Any) -> Reading:
    """A body of a topic of WooCommerce's."""
    return read("woocommerce", body, {"X-WC-Webhook-Topic": topic})


def test_woocommerce_orders():
    """An order by its status; `price` is a number on the wire and its exact text here."""
    found = only(woo("order.created", bodies.woo_order("processing")))
    check(
        found, "Order Completed", order_id="727", total="29.35", currency="EUR", coupons=["cart-7k2m9q4t"],
        products=[{"product_id": "93", "sku": "WOO-1", "name": "Woo Single #1", "price": "3", "quantity": 2},
                  {"product_id": "22", "variant": "23", "name": "Ship Your Idea", "price": "12.1", "quantity": 1}],
    )  # fmt: skip
    assert (found["userId"], found["timestamp"]) == ("26", "2026-11-30T03:20:00.000Z")
    assert found["context"]["traits"] == {"email": ANA, "phone": "+49 1511 2345678"}
    guest = only(woo("order.created", bodies.woo_order("on-hold", customer_id=0)))
    assert "userId" not in guest
    check(only(woo("order.created", bodies.woo_order("pending"))), "Checkout Started", checkout_id="727", order_id=None)
    check(only(woo("order.updated", bodies.woo_order("failed"))), "Order Cancelled", order_id="727")
    check(only(woo("order.updated", bodies.woo_order("cancelled"))), "Order Cancelled", order_id="727")
    assert woo("order.updated", bodies.woo_order("trash")) == Reading(ignored=1)
    assert woo("order.deleted", {"id": 727}) == Reading(ignored=1)
    again, changed = told(woo("order.updated", bodies.woo_order("completed")))
    check(again, "Order Completed", total="29.35")
    check(changed, "Order Updated", total="29.35")
    assert (again["timestamp"], changed["timestamp"]) == ("2026-11-30T03:25:00.000Z", "2026-11-30T03:30:00.000Z")


def test_woocommerce_refunds():
    """Each refund that an order lists, by its own id, and all of the order where it is refunded without a list."""
    some = [{"id": 726, "reason": "", "total": "-10.00"}, {"id": 724, "reason": "", "total": "-9.00"}]
    *_, first, second = told(woo("order.updated", bodies.woo_order("completed", refunds=some)))
    check(first, "Order Refunded", order_id="727", refund_id="726", total="10.00", currency="EUR")
    check(second, "Order Refunded", refund_id="724", total="9.00")
    *_, last = told(woo("order.updated", bodies.woo_order("refunded")))
    check(last, "Order Refunded", total="29.35")


def test_customers_ids_may_be_the_shops_alone():
    """`customer_ids: external`: the id of a customer is no user_id, so it does not stand against the shop's own."""
    from collector.callbacks.events import externally  # noqa: PLC0415

    found = only(externally(shopify("orders/create", bodies.shopify_order()), "shopify_customer_id"))
    assert "userId" not in found
    assert found["context"]["externalIds"] == [{"type": "shopify_customer_id", "id": "115310627314723954"}]


def test_two_changes_within_a_second_are_two():
    """Shops tell the time of a change by the second: another body is another change, the same body a repeat."""
    for topic, body, changed in (
        ("orders/updated", bodies.shopify_order(), {"total_price": "1.00"}),
        ("checkouts/update", bodies.shopify_checkout(), {"line_items": []}),
        ("carts/update", bodies.shopify_cart(), {"line_items": []}),
        ("customers/update", {**bodies.CUSTOMER}, {"phone": PHONE}),
    ):
        ids = [told(shopify(topic, {**body, **more}))[0]["messageId"] for more in ({}, changed, {})]
        assert ids[0] == ids[2] != ids[1], topic
    for status in ("completed", "pending", "failed"):
        ids = [told(woo("order.updated", bodies.woo_order(status, **more)))[-1]["messageId"]
               for more in ({}, {"total": "1.00"}, {})]  # fmt: skip
        assert ids[0] == ids[2] != ids[1], status
