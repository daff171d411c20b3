"""What made-up histories of campaigns are made of: times, products, triggers, templates, caps."""

from __future__ import annotations

from tests.oracle.histories import DAY, HOUR, MINUTE, START

CLOCK_CHANGE = START + 13 * HOUR
"""2024-03-31T01:00:00Z: it is three o'clock in Berlin."""
GAPS = (
    0, 0, 1, MINUTE, MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE - 1, 30 * MINUTE, 30 * MINUTE + 1,
    HOUR - 1, HOUR, HOUR, HOUR + 1, 2 * HOUR, 5 * HOUR, 20 * HOUR, DAY - 1, DAY, DAY, 2 * DAY, 8 * DAY,
)  # fmt: skip
INSTANTS = ("midnight", "midnight", "hour", "seven", "nineteen", "change")
BESIDE = (-1, 0, 0, 0, 1, MINUTE)
PRODUCTS = (
    {"product_id": "lamp", "sku": "l1", "name": "Lamp", "price": 20, "url": "https://shop.example/lamp?c=1"},
    {"product_id": "rug", "sku": "r1", "name": "Rug & <mat>", "price": "99.90", "url": "https://shop.example/rug#top"},
    {"sku": "cup", "price": 4.5},
    {"product_id": "bed", "price": 300},
    {"product_id": "vase"},
    {"sku": "L1", "name": "Lamp"},
    {"product_id": "LAMP"},
    {"product_id": "bed", "variant": "oak"},
    {"product_id": "bed", "sku": "b1", "variant": "ash"},
    {"product_id": "jug", "sku": "cup"},
    {"sku": "voucher", "price": -5},
)
TOPICS = ({"topic": "Garden"}, {"topics": ["garden", "kitchen"]}, {"topic": " kitchen", "topics": ["attic"]}, {})
HASHTAGS = ({"hashtag": "#Summer"}, {"hashtags": ["spring", "#summer"]}, {"hashtags": ["winter"]}, {})
PLACES = (
    {"latitude": 52.5201, "longitude": 13.4051}, {"lat": "52.52", "lng": "13.37"}, {"latitude": 40.71, "lon": -74.01},
    {"latitude": 48.1, "longitude": 11.6}, {"latitude": 91, "longitude": 0},
)  # fmt: skip
BOUNCES = (
    {}, {"bounce_type": "soft"}, {"type": "Permanent"}, {"bounce_type": "Transient", "status": "5.4.4"},
    {"status": "4.2.2", "bounce_type": "hard"}, {"severity": "temporary"}, {"type": "blocked"}, {"status": "5.1.1"},
)  # fmt: skip
AGENTS = ({}, {}, {}, {"user_agent": "Mozilla/5.0"}, {"user_agent": "GoogleImageBot"}, {"machine": True})
KINDS = (
    "add", "add", "add", "add", "view", "view", "view", "view", "checkout", "cart", "remove", "page", "page", "topic",
    "topic", "order", "order", "wish", "price", "price", "price", "stock", "stock", "tag", "place", "place", "visit",
    "identify", "identify", "consent", "topic consent", "unsubscribed", "bounce", "response", "response", "response",
)  # fmt: skip
CHEAPER = {"price": 1, "old_price": 9}
TRIGGERS = (
    ("cart_abandoned", ("", "", ", min_value: 10", ", min_value: 25")),
    ("cart_abandoned", ("", "")),
    ("checkout_abandoned", ("",)),
    ("browse_abandoned", ("", "", ", min_value: 20")),
    ("browse_abandoned", ("",)),
    ("order_completed", ("", ", min_value: 30")),
    ("product_added", ("", ", min_value: 20")),
    ("price_dropped", ("", ", min_drop: 10%", ", min_drop: 0.5, interest: [carted]", ", within: 1d")),
    ("back_in_stock", ("", ", interest: [wished, viewed]", ", within: 1h")),
    ("lapsed", (", after: 1d", ", after: 8d", ", after: 2h")),
    ("content_viewed", ("", ", topic: garden, times: 2", ", times: 2, within: 1h", ", topic: kitchen")),
    ("hashtag_used", ("", ", hashtags: [Summer, '#autumn']")),
    ("store_nearby", ("", ", radius: 5km", ", radius: 100m")),
    (
        "event",
        (
            ", name: article  READ",
            ", name: Order Completed",
            ", name: Product Added, if: properties.price == 20",
            ", name: Post Liked",
            ", name: Order Completed, if: event.channel == 'web'",
        ),
    ),
    ("message_clicked", ("",)),
    ("message_bounced", ("",)),
)
REACH = (
    "best, of: [push, email, sms]", "best, of: [push, email, sms]", "best, of: [email, sms, ads]", "email", "email",
    "sms", "best, of: [messenger, push]", "best, of: [broadcast, email]", "push", "ads", "broadcast",
    "other, of: [email, sms, push]", "other, of: [email, sms, push]", "other, of: [sms, email]",
    "best, of: [email, push]", "other, of: [messenger, email]",
)  # fmt: skip
TRANSACTIONAL = 3
TEMPLATES = (*("all",) * 12, "about", "topic", "offer", "named", "long")
CONDITIONS = (
    "", "", "", "", "", ", unless: engaged", ", unless: engaged", ', if: "cart.value > 15"',
    ', if: "products.size > 1 or trigger.topic == \'garden\'"', ', if: "profile.first_name"',
    ', if: "store.city == \'Berlin\'"', ', if: "recommendations.size > 0"',
)  # fmt: skip
CAPS = (
    "", "", "",
    "caps: {global: [{limit: 1, per: 7d}]}",
    "caps: {global: [{limit: 2, per: 1d}], email: [{limit: 1, per: 1h}]}",
    "caps: {email: [{limit: 1, per: 16h}], sms: [{limit: 1, per: 24h}], push: [{limit: 2, per: 20h}]}",
    "caps: {global: [{limit: 3, per: 1d}], ads: [{limit: 0, per: 1d}], broadcast: [{limit: 1, per: 8d}]}",
)  # fmt: skip
QUIET = (
    "", "",
    'quiet_hours: {from: "21:00", to: "09:00", policy: defer}',
    'quiet_hours: {from: "02:30", to: "14:00", policy: defer}',
    'quiet_hours: {from: "00:00", to: "02:30", policy: defer}',
)  # fmt: skip
SUBSCRIBERS = (
    ("email", "Email Opened"), ("email", "Email Opened"), ("email", "Email Link Clicked"), ("sms", "SMS Link Clicked"),
    ("push", "Push Notification Tapped"), ("web", "page"), ("web", "page"), ("email", "Email Bounced"),
    ("email", "Email Opened"), ("sms", "SMS Link Clicked"), ("email", "Unsubscribed"), ("email", "Email Delivered"),
    ("email", "Email Marked as Spam"),
)  # fmt: skip
