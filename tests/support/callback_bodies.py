"""Bodies as providers send them: shapes as recorded, values made up. `MID` stands where a message id of ours would."""

from __future__ import annotations

from typing import Any, Final

from schemas.message_ids import MessageIds

MID: Final = MessageIds("winback-development").of("0" * 32, "x", 1_796_000_000_000)
ANA: Final = "ana@example.com"
AT: Final = 1_796_009_590
"""2026-11-30T03:33:10Z."""

SENDGRID: Final[list[dict[str, Any]]] = [
    {"email": ANA, "timestamp": AT, "smtp-id": f"<{MID}@shop.example>", "event": "processed",
     "category": ["cart"], "sg_event_id": "cHJvY2Vzc2Vk", "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.0"},
    {"email": ANA, "timestamp": AT, "smtp-id": f"<{MID}@shop.example>", "event": "delivered", "response": "250 OK",
     "sg_event_id": "ZGVsaXZlcmVk", "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.0"},
    {"email": ANA, "timestamp": AT, "event": "open", "sg_machine_open": True, "useragent": "Mozilla/5.0",
     "ip": "255.255.255.255", "message_id": MID, "campaign_id": "cart", "sg_event_id": "b3Blbg"},
    {"email": ANA, "timestamp": AT, "event": "click", "url": "https://shop.example/p/1?wb_mid=x", "message_id": MID,
     "useragent": "Mozilla/4.0 (compatible; MSIE 6.1; Windows XP)", "sg_event_id": "Y2xpY2s"},
    {"email": ANA, "timestamp": AT, "event": "bounce", "type": "bounce", "reason": "500 unknown recipient",
     "status": "5.0.0", "bounce_classification": "Invalid Address", "sg_event_id": "Ym91bmNl", "message_id": MID},
    {"email": ANA, "timestamp": AT, "event": "bounce", "type": "blocked", "reason": "550 5.7.1 refused by policy",
     "sg_event_id": "YmxvY2tlZA", "message_id": MID},
    {"email": ANA, "timestamp": AT, "event": "dropped", "reason": "Bounced Address", "status": "5.0.0",
     "sg_event_id": "ZHJvcHBlZA", "message_id": MID},
    {"email": ANA, "timestamp": AT, "event": "deferred", "response": "400 try again later", "attempt": "5",
     "sg_event_id": "ZGVmZXJyZWQ", "message_id": MID},
    {"email": ANA, "timestamp": AT, "event": "spamreport", "sg_event_id": "c3BhbQ", "message_id": MID},
    {"email": ANA, "timestamp": AT, "event": "unsubscribe", "sg_event_id": "dW5zdWI", "message_id": MID},
    {"email": ANA, "timestamp": AT, "event": "group_unsubscribe", "asm_group_id": 10, "sg_event_id": "Z3JvdXA",
     "message_id": MID},
    {"email": ANA, "timestamp": AT, "event": "group_resubscribe", "asm_group_id": 10, "sg_event_id": "Z3JvdXBy"},
]  # fmt: skip


def mailgun(event: str, **more: Any) -> dict[str, Any]:
    """An `event-data` of Mailgun's."""
    return {
        "event": event, "id": f"CPgfbmQMTCKtHW6uIWtuVe-{event}", "timestamp": "1796009590.263", "log-level": "info",
        "recipient": ANA, "recipient-domain": "example.com", "tags": ["cart"], "campaigns": [],
        "user-variables": {}, "flags": {"is-test-mode": False, "is-authenticated": True},
        "message": {"headers": {"to": f"Ana <{ANA}>", "message-id": f"{MID}@shop.example", "from": "s@shop.example",
                                "subject": "Your cart"}, "attachments": [], "size": 111},
        **more,
    }  # fmt: skip


def postmark(kind: str, **more: Any) -> dict[str, Any]:
    """A record of Postmark's."""
    return {
        "RecordType": kind, "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483", "ServerID": 23, "Tag": "cart",
        "MessageStream": "broadcast", "Metadata": {"message_id": MID, "campaign_id": "cart"}, **more,
    }  # fmt: skip


def ses(kind: str, about: dict[str, Any], field: str = "eventType", **mail: Any) -> dict[str, Any]:
    """An event or notification of SES."""
    return {
        field: kind, kind[:1].lower() + kind[1:]: {"timestamp": "2026-11-30T03:33:10.123Z", **about},
        "mail": {
            "timestamp": "2026-11-30T03:33:00.000Z", "source": f"bounces+{MID}@shop.example",
            "messageId": "EXAMPLE7c191be45-e9aedb9a-02f9-4d12-a87d-dd0099a07f8a-000000", "destination": [ANA],
            "headers": [{"name": "From", "value": "s@shop.example"},
                        {"name": "Message-ID", "value": f"<{MID}@shop.example>"}],
            "commonHeaders": {"from": ["s@shop.example"], "messageId": f"<{MID}@shop.example>"},
            "tags": {"ses:configuration-set": ["ConfigSet"], "campaign_id": ["cart"]}, **mail,
        },
    }  # fmt: skip


def resend(kind: str, **more: Any) -> dict[str, Any]:
    """An event of Resend's."""
    return {
        "type": kind, "created_at": "2026-11-30T03:33:10.126Z",
        "data": {"created_at": "2026-11-30T03:33:00.126Z", "email_id": "56761188-7520-42d8-8898-ff6fc54ce618",
                 "from": "Shop <s@shop.example>", "to": [ANA], "subject": "Your cart",
                 "tags": {"message_id": MID, "campaign_id": "cart"}, **more},
    }  # fmt: skip


LINE: Final[dict[str, Any]] = {
    "id": 866550311766439020, "product_id": 632910392, "variant_id": 808950810, "title": "IPod Nano - 8GB",
    "sku": "IPOD2008PINK", "quantity": 2, "price": "199.00", "total_discount": "5.00", "vendor": "Apple",
    "price_set": {"shop_money": {"amount": "199.00", "currency_code": "EUR"},
                  "presentment_money": {"amount": "215.10", "currency_code": "USD"}},
}  # fmt: skip
CUSTOMER: Final[dict[str, Any]] = {
    "id": 115310627314723954, "email": ANA, "phone": None, "first_name": "Ana", "last_name": "García",
    "created_at": "2026-11-01T10:00:00+01:00", "updated_at": "2026-11-30T04:30:00+01:00", "state": "enabled",
}  # fmt: skip


def shopify_order(**more: Any) -> dict[str, Any]:
    """An order of Shopify's."""
    return {
        "id": 820982911946154508, "name": "#9999", "order_number": 9999, "email": ANA, "contact_email": ANA,
        "phone": "+4915112345678", "created_at": "2026-11-30T04:33:00+01:00",
        "processed_at": "2026-11-30T04:33:00+01:00",
        "updated_at": "2026-11-30T04:33:05+01:00", "cancelled_at": None, "cancel_reason": None, "currency": "EUR",
        "presentment_currency": "USD", "total_price": "403.00", "current_total_price": "403.00",
        "subtotal_price": "393.00", "total_tax": "0.00", "total_discounts": "5.00", "financial_status": "paid",
        "total_price_set": {"shop_money": {"amount": "403.00", "currency_code": "EUR"},
                            "presentment_money": {"amount": "435.60", "currency_code": "USD"}},
        "total_shipping_price_set": {"shop_money": {"amount": "10.00", "currency_code": "EUR"}},
        "discount_codes": [{"code": "CART-7K2M9Q4T", "amount": "5.00", "type": "fixed_amount"}],
        "checkout_token": "bd5a8aa1ecd019dd3520ff791ee3a24c", "cart_token": "68778783ad298f1c80c3bafcddeea02f",
        "source_name": "web", "test": False, "line_items": [LINE], "customer": CUSTOMER,
        "client_details": {"user_agent": "Mozilla/5.0 (X11; Linux x86_64)", "browser_ip": "216.191.105.146"}, **more,
    }  # fmt: skip


def shopify_refund(**more: Any) -> dict[str, Any]:
    """A refund of Shopify's, of one piece."""
    return {
        "id": 890088186047892319, "order_id": 820982911946154508, "created_at": "2026-11-30T06:00:00+01:00",
        "processed_at": "2026-11-30T06:00:00+01:00", "note": "Things were damaged", "restock": False,
        "refund_line_items": [{"id": 1, "quantity": 1, "line_item_id": LINE["id"], "subtotal": 194, "line_item": LINE}],
        "transactions": [
            {"id": 1, "kind": "refund", "status": "success", "amount": "100.10", "currency": "EUR"},
            {"id": 2, "kind": "refund", "status": "success", "amount": "94.2", "currency": "EUR"},
            {"id": 3, "kind": "refund", "status": "failure", "amount": "94.20", "currency": "EUR"},
        ], **more,
    }  # fmt: skip


def shopify_checkout(**more: Any) -> dict[str, Any]:
    """A checkout of Shopify's."""
    return {
        "id": 981820079255243537, "token": "123123123", "cart_token": "68778783ad298f1c80c3bafcddeea02f", "email": ANA,
        "phone": None, "created_at": "2026-11-30T04:00:00+01:00", "updated_at": "2026-11-30T04:10:00+01:00",
        "completed_at": None, "currency": "EUR", "presentment_currency": "USD", "total_price": "398.00",
        "abandoned_checkout_url": "https://shop.example/548380009/checkouts/123123123/recover?key=example",
        "line_items": [{**LINE, "key": "1", "line_price": "398.00"}], "customer_locale": "de-DE", **more,
    }  # fmt: skip


def shopify_cart(**more: Any) -> dict[str, Any]:
    """A cart of Shopify's."""
    return {
        "id": "68778783ad298f1c80c3bafcddeea02f", "token": "68778783ad298f1c80c3bafcddeea02f", "note": None,
        "created_at": "2026-11-30T02:55:00.000Z", "updated_at": "2026-11-30T02:59:00.000Z",
        "line_items": [{**LINE, "id": 704912205188288575, "properties": {}}], **more,
    }  # fmt: skip


def woo_order(status: str, **more: Any) -> dict[str, Any]:
    """An order of WooCommerce's."""
    return {
        "id": 727, "number": "727", "status": status, "currency": "EUR", "created_via": "checkout",
        "date_created_gmt": "2026-11-30T03:20:00", "date_modified_gmt": "2026-11-30T03:30:00",
        "date_paid_gmt": "2026-11-30T03:25:00", "discount_total": "10.00", "shipping_total": "10.00", "total": "29.35",
        "total_tax": "0.00", "customer_id": 26, "customer_user_agent": "Mozilla/5.0 (X11)",
        "billing": {"first_name": "Ana", "email": ANA, "phone": "+49 1511 2345678"},
        "line_items": [{"id": 315, "name": "Woo Single #1", "product_id": 93, "variation_id": 0, "quantity": 2,
                        "subtotal": "6.00", "total": "6.00", "sku": "WOO-1", "price": 3},
                       {"id": 316, "name": "Ship Your Idea", "product_id": 22, "variation_id": 23, "quantity": 1,
                        "subtotal": "12.00", "total": "12.00", "sku": "", "price": 12.10}],
        "coupon_lines": [{"id": 1, "code": "cart-7k2m9q4t", "discount": "10"}], "refunds": [], **more,
    }  # fmt: skip
