"""The story as each Python SDK tells it: story.py SDK; HOST, KEY and USER_ID come from the environment."""

from __future__ import annotations

import os
import sys

HOST, KEY, USER = os.environ["HOST"], os.environ["KEY"], os.environ["USER_ID"]
TRAITS = {"email": f"{USER}@example.com", "firstName": "Ada"}
MUG = {"product_id": "P-1", "sku": "S-1", "name": "Mug", "price": 19.99, "quantity": 2}
CAP = {"product_id": "P-2", "sku": "S-2", "name": "Cap", "price": 5.5, "quantity": 1}
ORDER = {"order_id": f"O-{USER}", "revenue": 45.48, "currency": "EUR", "products": [MUG, CAP]}
LARGE = {"text": "x" * 25_000, "odd": float("nan")}


def segment_like(analytics) -> None:
    """Segment's and RudderStack's have the same functions."""
    analytics.gzip = True
    analytics.identify(USER, TRAITS)
    analytics.track(USER, "Product Added", MUG)
    analytics.track(USER, "Order Completed", ORDER)
    analytics.track(USER, "Large", LARGE)
    analytics.flush()


def segment() -> None:
    """segment-analytics-python."""
    from segment import analytics  # noqa: PLC0415

    analytics.write_key, analytics.host = KEY, HOST
    segment_like(analytics)


def rudderstack() -> None:
    """rudder-sdk-python."""
    from rudderstack import analytics  # noqa: PLC0415

    analytics.write_key, analytics.dataPlaneUrl = KEY, HOST
    segment_like(analytics)


def posthog() -> None:
    """Posthog."""
    from posthog import Posthog  # noqa: PLC0415

    client = Posthog(KEY, host=HOST)
    client.set(distinct_id=USER, properties=TRAITS)
    client.capture("Product Added", distinct_id=USER, properties=MUG)
    client.capture("Order Completed", distinct_id=USER, properties=ORDER)
    client.capture("Large", distinct_id=USER, properties=LARGE)
    client.shutdown()


if __name__ == "__main__":
    {"segment": segment, "rudderstack": rudderstack, "posthog": posthog}[sys.argv[1]]()
