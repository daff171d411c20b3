"""What an order is worth where its lines say only a part of it."""

from __future__ import annotations

import pytest

from schemas.orders import order_value

VOUCHER = {"name": "voucher", "price": -5}


@pytest.mark.parametrize(
    ("properties", "worth"),
    [
        ({"products": [{"product_id": "p"}, VOUCHER]}, 0),
        ({"products": [{"product_id": "p", "price": "on request"}, VOUCHER]}, 0),
        ({"products": [{"product_id": "p"}, {"product_id": "q", "price": 8}, VOUCHER]}, 3),
        ({"products": [{"product_id": "p", "price": 3}, VOUCHER]}, -2),
        ({"products": [{"product_id": "p", "price": 3, "quantity": -1}]}, -3),
        ({"total": -7, "products": [{"product_id": "p"}]}, -7),
        ({"products": [{"product_id": "p"}]}, 0),
    ],
)
def test_an_unknown_price_makes_no_refund(properties, worth):
    """A voucher beside a product of unknown price is an order of nothing, never money paid back."""
    assert order_value(properties) == worth * 1_000_000
