"""An order history as events: one Order Completed or Order Refunded an invoice.

A sale is an Order Completed with the invoice's total as revenue, whatever its sign; a cancellation an Order Refunded
with the total's opposite; an adjustment the one or the other by its total's sign. So what was completed less what was
refunded is the sum of quantity x price over all rows, exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Context, Decimal, localcontext
from pathlib import Path
from typing import Any, Final

import orjson

from deploy.imports.orders_map import CustomerRule, OrderImportError, OrderMap, read_map
from deploy.imports.orders_rows import Invoice, Item, read_invoices
from schemas.times import iso
from schemas.topics import MAX_EVENT_BYTES, channel_topic

__all__ = ["OrderImportError", "import_lines"]

EXACT: Final = Context(prec=60)


def import_lines(csv_path: Path, map_path: Path) -> Iterator[dict[str, Any]]:
    """Input lines, one an invoice, in the order of time; the same files give the same lines.

    Both files are read to the end before the first line, so that a bad row publishes nothing.
    Raises OrderImportError (a ValueError).
    """
    order_map = read_map(map_path)
    with localcontext(EXACT):
        invoices = read_invoices(csv_path, order_map)
    return (_line(invoice, order_map) for invoice in invoices)


def _line(invoice: Invoice, order_map: OrderMap) -> dict[str, Any]:
    with localcontext(EXACT):
        total = invoice.total
        refund = invoice.kind == "cancellation" or (invoice.kind == "adjustment" and total < 0)
        products = [_product(item, refund=refund) for item in invoice.items]
    properties: dict[str, Any] = {
        "order_id": invoice.number,
        "kind": invoice.kind,
        "revenue": amount(-total if refund else total),
        "currency": invoice.currency,
        "products": products,
    }
    value = {
        "type": "track",
        "event": "Order Refunded" if refund else "Order Completed",
        "messageId": f"import-{order_map.name}-{invoice.number}",
        "timestamp": iso(invoice.time),
        **_who(invoice, order_map.customer),
        "properties": properties,
    }
    _fit(value, properties)
    return {
        "topic": channel_topic(invoice.channel),
        "key": invoice.customer or invoice.number,
        "timestamp": invoice.time,
        "value": value,
    }


def _product(item: Item, *, refund: bool) -> dict[str, Any]:
    """One line of an invoice. In a refund one sign turns, so that price x quantity is what was paid back."""
    quantity, price = item.quantity, item.price
    if refund:
        quantity, price = (quantity, -price) if price < 0 else (-quantity, price)
    product = {"sku": item.sku, "name": item.name, "quantity": amount(quantity), "price": amount(price)}
    return {key: value for key, value in product.items() if value != ""}


def _who(invoice: Invoice, rule: CustomerRule) -> dict[str, Any]:
    """The customer's identifier where the map's customer type belongs in a message, and the country."""
    context: dict[str, Any] = {"library": {"name": "winback-import"}}
    if invoice.country:
        context["location"] = {"country": invoice.country}
    who: dict[str, Any] = {"context": context}
    if not invoice.customer:
        return who
    if rule.type == "user_id":
        who["userId"] = invoice.customer
    elif rule.type in ("email", "phone"):
        context["traits"] = {rule.type: invoice.customer}
    else:
        context["externalIds"] = [{"id": invoice.customer, "type": rule.type}]
    return who


def _fit(value: dict[str, Any], properties: dict[str, Any]) -> None:
    """Keep an event within what the pipeline takes: products are cut from the end and counted, revenue stays whole."""
    products = properties["products"]
    while len(orjson.dumps(value)) > MAX_EVENT_BYTES:
        kept = properties["products"]
        properties["products"] = kept[: len(kept) // 2]
        properties["products_omitted"] = len(products) - len(properties["products"])


def amount(number: Decimal) -> int | float | str:
    """An exact JSON number: an int if whole, a float if its shortest text says the same, else text."""
    if number == number.to_integral_value():
        return int(number)
    near = float(number)
    return near if Decimal(repr(near)) == number else format(number, "f")
