"""An event about products or an order, in another vocabulary: its properties in ours, beside the producer's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from schemas import names
from schemas.aliases.flat import flat_event
from schemas.aliases.index import MONEY, NO_GROUPS, Index, amount
from schemas.aliases.products import ITEM_FIELDS, Products, listed, part
from schemas.aliases.table import NO_NAMES, PAGE, SCREEN, Alias, Names, squash
from schemas.money import micros, to_number

_CHECKOUT: Final = frozenset({
    names.CHECKOUT_STARTED, names.CHECKOUT_STEP_VIEWED, names.CHECKOUT_STEP_COMPLETED, names.PAYMENT_INFO_ENTERED,
})  # fmt: skip
SINGLE: Final = frozenset({
    names.PRODUCT_VIEWED, names.PRODUCT_CLICKED, names.PRODUCT_ADDED, names.PRODUCT_REMOVED,
    names.PRODUCT_ADDED_TO_WISHLIST, names.PRODUCT_PRICE_CHANGED, names.PRODUCT_RESTOCKED,
})  # fmt: skip
"""Events of one product, which stands on the event itself."""
SHOPPING: Final = names.ACTIVITY_EVENTS | names.ORDER_EVENTS | names.CATALOG_EVENTS
_GROUPS: Final[dict[str, frozenset[str]]] = {
    **dict.fromkeys(names.ORDER_EVENTS, frozenset({"order"})),
    names.ORDER_REFUNDED: frozenset({"order", "refund"}),
    **dict.fromkeys(_CHECKOUT, frozenset({"checkout"})),
    PAGE: frozenset({"page"}), SCREEN: frozenset({"page"}),
}  # fmt: skip
_FIELDS: Final = (
    "order_id", "checkout_id", "cart_id", "refund_id", "revenue", "total", "value", "currency", "coupon", "query",
    "url", "referrer", "title", "name",
)  # fmt: skip
_TOTALS: Final = ("revenue", "total", "value")
_PRESENT: Final = frozenset({str, int, float})
_MOST_PLAIN: Final = 10_000
_LONGEST: Final = 64
_NOT_MADE: Final = ("failure", "error")
"""What a transaction says that has moved no money."""
_WEAK: Final = "id"
"""A name that many things have: what it says of an event's product counts last."""
_NAME_BESIDE_IDS: Final = "contentname"
"""What Meta and TikTok call the product by, beside its bare id in a list."""


class Shopping:
    """Reads the properties of shopping events: ours are added where they are absent, the producer's stay."""

    def __init__(self, own: Names = NO_NAMES) -> None:
        """`own`: the names of the shop."""
        self._products = Products(own)
        self._fields = Index("field", own)
        self._lists = Index("list", own)
        roots = {path.partition(".")[0] for path in (*self._fields.meanings, *self._lists.meanings) if "." in path}
        self._roots = roots | {"ecommerce", "data", "checkout", "customdata", "transaction", "refund"}
        self.plain: set[str] = {*ITEM_FIELDS, *_FIELDS, "products", "coupons", "email", "phone"}
        """Names of properties, some of them as they have come, by which nothing is meant but what they mean here."""

    def is_plain(self, properties: dict[str, Any]) -> bool:
        """Whether the properties of an event of ours are all in our own form: a cheap look at their names."""
        if not self.plain.issuperset(properties):
            if any(map(self._is_odd, properties)):
                return False
            if len(self.plain) < _MOST_PLAIN:
                self.plain.update(key for key in properties if len(key) <= _LONGEST)
        items = properties.get("products")
        return items is None or self._products.are_plain(items)

    def _is_odd(self, key: str) -> bool:
        name = squash(key)
        known = name in self._fields or name in self._lists or name in self._roots or self._fields.scaled(name)
        return (bool(known) and key not in self.plain) or self._products.is_odd(key)

    def read(
        self, alias: Alias, properties: dict[str, Any], paths: dict[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """The name and the properties of an event whose name means `alias`.

        `paths` are the properties by squashed path, if they are known. A Product Added that shows the whole cart and
        nothing that was added is a Cart Viewed.
        """
        name = alias.name
        paths = flat_event(properties) if paths is None else paths
        said = self._said(alias, properties, paths)
        currency = said.get("currency", properties.get("currency"))
        if name in SINGLE:
            item, items = self._single(alias, properties, paths)
            if item is None and not items and "cart_in_list" in alias.also and (cart := self._items(alias, paths)):
                name, said["products"] = names.CART_VIEWED, cart
            elif item is not None:
                self._price(alias, item, properties, paths)
                for field in ITEM_FIELDS:
                    if type(properties.get(field)) not in _PRESENT and field in item:
                        said[field] = item[field]
            elif items:
                said["products"] = items
        elif name not in (PAGE, SCREEN):
            found = [] if "empty" in alias.also else self._items(alias, paths)
            if found is not None:
                if len(found) == 1 and type(found[0]) is dict and name not in names.ORDER_EVENTS:
                    found = [dict(found[0])]
                    self._price(alias, found[0], properties, paths)
                said["products"] = found
        if currency is not None and type(properties.get("currency")) is not str:
            said["currency"] = currency
        if not said and "id_of_checkout" not in alias.also:
            return name, properties
        result = {**properties, **said}
        if "id_of_checkout" in alias.also:
            result = {key: value for key, value in result.items() if squash(key) != "orderid"}
        return name, result

    def _said(self, alias: Alias, properties: dict[str, Any], paths: dict[str, Any]) -> dict[str, Any]:
        """Order, amounts, coupons and person: what the event says itself."""
        chosen = self._fields.best(paths, _GROUPS.get(alias.name, NO_GROUPS))
        also, said = alias.also, dict[str, Any]()
        if "id_of_refund" in also and chosen.get("order_id") == _WEAK:
            chosen = {field: path for field, path in chosen.items() if field != "order_id"}
        currency = paths.get(chosen["currency"]) if "currency" in chosen else None
        for field in _FIELDS:
            if field not in chosen or type(properties.get(field)) in _PRESENT:
                continue
            path = chosen[field]
            value = amount(path, paths[path], currency) if field in MONEY else paths[path]
            if type(value) in _PRESENT:
                said[field] = value
        untold = all(micros(said.get(f, properties.get(f))) is None for f in _TOTALS)
        if "worth" in chosen and untold:
            path = chosen["worth"]
            worth = amount(path, paths[path], currency)
            if type(worth) in _PRESENT:
                said["total"] = worth
        if "id_of_checkout" in also:
            given = said.pop("order_id", properties.get("order_id"))
            if type(properties.get("checkout_id")) not in _PRESENT:
                given = paths.get("id") if given is None else given
                said.update({} if given is None else {"checkout_id": given})
        if "id_of_refund" in also:
            if "refund_id" not in said and type(paths.get("id")) in _PRESENT:
                said["refund_id"] = paths["id"]
            if untold and "total" not in said and (paid := _paid_back(paths.get("transactions"))) is not None:
                said["total"] = paid
        for field, mark in (("email", "@"), ("phone", "")):
            if field in chosen and not properties.get(field):
                value = paths[chosen[field]]
                if type(value) is str and mark in value:
                    said[field] = value
        if not properties.get("coupons") and (codes := _codes(chosen, paths)):
            said["coupons"] = codes
        return said

    def _items(self, alias: Alias, paths: dict[str, Any]) -> list[Any] | None:
        """The products that an event lists, in our form; None when it lists none."""
        line_total = "discount" if "discount_is_line_total" in alias.also else ""
        empty: list[Any] | None = None
        ids: list[Any] | None = None
        for path in self._lists.every(paths).get("products", ()):
            items = listed(paths[path])
            # Beside whole items a bare text or number is no id.
            if items is not None and (whole := [item for item in items if type(item) in (dict, list)]):
                return self._products.read(whole, line_total)
            if items:
                ids = ids or items
            elif items is not None:
                empty = []
        if ids is None:
            ids = self._ids(paths)
        return empty if ids is None else self._products.read(ids)

    def _ids(self, paths: dict[str, Any]) -> list[Any] | None:
        for path in self._lists.every(paths).get("ids", ()):
            value = paths[path]
            ids = [value] if type(value) in (str, int) and listed(value) is None else listed(value)
            if ids:
                return ids
        return None

    def _single(
        self, alias: Alias, properties: dict[str, Any], paths: dict[str, Any]
    ) -> tuple[dict[str, Any] | None, list[Any]]:
        """The one product of an event, or the several: what was added, what stands on the event, what it lists."""
        lists = self._lists.every(paths)
        for field in ("added", "added_variant"):
            for path in lists.get(field, ()):
                given = paths[path]
                items = listed(given) or ([given] if type(given) is dict else [])
                if field == "added_variant":
                    items = [{"variant": item} for item in items]
                if items := [item for item in self._products.read(items) if type(item) is dict]:
                    return (items[0], []) if len(items) == 1 else (None, items)
        strong = {path: value for path, value in paths.items() if path != _WEAK} if _WEAK in paths else paths
        own = self._products.said(properties, strong)
        if _names(own) or _names(properties):
            return own if lists or strong is paths else self._products.said(properties, paths), []
        if "cart_in_list" in alias.also:
            return None, []
        items = [item for item in self._items(alias, paths) or [] if type(item) is dict]
        if len(items) == 1:
            item = dict(items[0])
            if "name" not in item and type(name := paths.get(_NAME_BESIDE_IDS)) is str:
                item["name"] = name
            return item, []
        if items:
            return None, items
        own = own if strong is paths else self._products.said(properties, paths)
        return (own, []) if _names(own) else (None, [])

    def _price(self, alias: Alias, item: dict[str, Any], properties: dict[str, Any], paths: dict[str, Any]) -> None:
        """How many pieces, and the price of one where only the value of all is told."""
        if alias.vocabulary == "winback" or "cart_in_list" in alias.also:
            return
        counted = self._fields.best(paths).get("pieces")
        if "quantity" not in item and "quantity" not in properties and counted is not None:
            item["quantity"] = paths[counted]
        if "price" not in item and type(properties.get("price")) not in _PRESENT and "value" in paths:
            each = part(paths["value"], item.get("quantity", properties.get("quantity")))
            if each:
                item["price"] = each


def _paid_back(transactions: Any) -> int | float | None:
    """What the transactions of a refund of Shopify come to; none of them is a refund without money."""
    if (each := listed(transactions)) is None:
        return None
    made = [one for one in each if type(one) is dict and one.get("status") not in _NOT_MADE]
    return to_number(sum(micros(one.get("amount")) or 0 for one in made))


def _names(item: dict[str, Any]) -> bool:
    return any(type(item.get(field)) in (str, int) and item[field] != "" for field in ("product_id", "sku"))


def _codes(chosen: Mapping[str, str], paths: dict[str, Any]) -> list[str]:
    """Coupon codes of a list, or of a text that joins them by commas."""
    if "coupons" in chosen:
        given = listed(paths[chosen["coupons"]]) or []
        codes = [c.get("code") or c.get("title") or c.get("name") if type(c) is dict else c for c in given]
        return [code for code in codes if type(code) is str and code]
    joined = paths[chosen["coupon"]] if "coupon" in chosen else None
    if type(joined) is str and "," in joined:
        return [code.strip() for code in joined.split(",") if code.strip()]
    return []
