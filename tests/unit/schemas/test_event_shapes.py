"""Commerce events under the names and in the shapes that producers' libraries give them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

Body = Callable[..., dict[str, Any]]

LINE = {"id": "P-1", "sky": "S-1", "name": "Mug", "price": 5}
READ = {**LINE, "product_id": "P-1", "sku": "S-1"}


@pytest.mark.parametrize(
    "products",
    [
        [LINE, {"product_id": 2}], {"0": LINE, "1": {"product_id": 2}}, {"10": {"product_id": 2}, "2": LINE},
        orjson.dumps([LINE, {"product_id": 2}]).decode(), orjson.dumps({"1": LINE, "2": {"product_id": 2}}).decode(),
        [orjson.dumps(LINE).decode(), '{"product_id": 2}'],
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["Cart Viewed", "Checkout Started", "Order Completed", "Order Refunded"])
def test_products_are_a_list(body: Body, name: str, products: Any) -> None:
    """A list, its JSON text, an object with numbered keys (PHP): the same products, under the contract's names."""
    assert body(event=name, properties={"products": products})["properties"]["products"] == [READ, {"product_id": 2}]


@pytest.mark.parametrize("products", [{"product_id": 2}, '{"product_id": 2}', ['{"product_id": 2}']])
def test_one_product_is_a_list_of_one(body: Body, products: Any) -> None:
    """A single product in the place of the list is all there is."""
    assert body(event="Cart Viewed", properties={"products": products})["properties"]["products"] == [{"product_id": 2}]


@pytest.mark.parametrize("products", ["", "shoes", "{", {}, {"total": 5}, 7, True, None, [], ["shoes", None]])
def test_what_is_no_product_stays(body: Body, products: Any) -> None:
    """Whatever else stands there is kept as it is."""
    assert body(event="Cart Viewed", properties={"products": products})["properties"] == {"products": products}


@pytest.mark.parametrize("name", ["Product Added", "product  viewed", "Product Removed", "Product Price Changed"])
def test_one_product_by_its_other_names(body: Body, name: str) -> None:
    """`id` and `sky` stand for `product_id` and `sku` where these are absent, and are kept."""
    assert body(event=name, properties=LINE)["properties"] == READ
    known = {"product_id": "P-2", "sku": " ", "id": "P-1", "sky": "S-1"}
    assert body(event=name, properties=known)["properties"] == {**known, "sku": "S-1"}
    assert body(event="Something Else", properties=LINE)["properties"] == LINE
    assert body(type="page", name=name, properties=LINE)["properties"] == LINE


@pytest.mark.parametrize("given", [None, "", "o-2"])
def test_order_id_by_its_other_name(body: Body, given: Any) -> None:
    """`orderId` stands for `order_id` where that is absent; an order's own `id` is no product."""
    found = body(event="Order Completed", properties={"orderId": "o-1", "order_id": given, "id": 7})["properties"]
    assert found["order_id"] == (given or "o-1")
    assert "product_id" not in found


@pytest.mark.parametrize(
    ("given", "currency"),
    [
        ("EUR", "EUR"), (" eur ", "EUR"), ("Usd", "USD"), ("euro", None), ("\u20ac", None), ("XXX", None), ("", None),
        ("EURO", None), (978, None), (True, None), ([], None), ({}, None), ("HRK", "HRK"),
    ],
)  # fmt: skip
def test_a_currency_is_a_code_or_null(body: Body, given: Any, currency: str | None) -> None:
    """ISO 4217 in any case; whatever else stands there is no currency, of an event and of its products."""
    found = body(event="Order Completed", properties={"currency": given, "products": [{"sku": "S", "currency": given}]})
    assert found["properties"]["currency"] == currency
    assert found["properties"]["products"] == [{"sku": "S", "currency": currency}]


def test_a_snapshot_has_the_currency_of_its_lines(body: Body) -> None:
    """Where the event names none and its lines agree; where they do not, nobody can tell."""
    euro, dollar, none = ({"sku": sku, "currency": code} for sku, code in (("A", "eur"), ("B", "USD"), ("C", None)))

    def currency(*products: dict[str, Any], **more: Any) -> Any:
        return body(event="Cart Viewed", properties={"products": products, **more})["properties"].get("currency")

    assert currency(euro, none) == "EUR"
    assert currency(euro, dollar) is None
    assert currency(none) is None
    assert currency(euro, currency="GBP") == "GBP"
    assert currency(euro, currency="??") == "EUR"


@pytest.mark.parametrize("field", ["product_id", "sku", "variant", "order_id", "id"])
def test_large_numbers_in_products_are_exact(event: Callable[..., Any], field: str) -> None:
    """Two products whose numbers have 20 digits and differ in the last are two, and 2**53 + 1 written with a point."""
    for name, around in (("Product Added", "%s"), ("Cart Viewed", '{"products":[%s]}'), ("Order Completed", "%s")):
        for number in ("18446744073709551616", "18446744073709551617", "9007199254740993.0"):
            item = f'{{"{field}":{number}}}'
            start = f'{{"type":"track","event":"{name}","userId":"u","properties":'
            text = f"{start}{around % item}}}"
            found = orjson.loads(event(text.encode()).body)["properties"]
            assert found.get("products", [found])[0][field] == number.removesuffix(".0")
