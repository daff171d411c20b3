"""When two items are the same product, and how products are found by any of their names."""

from __future__ import annotations

import pytest

from schemas.products import ProductIndex, find, grown, known_as, names, product_key, same

PAIRS = (
    ({"sku": "A"}, {"sku": "a "}, True),
    ({"product_id": 314}, {"product_id": "314"}, True),
    ({"product_id": 314.0, "sku": "A"}, {"product_id": "314"}, True),
    ({"product_id": "P", "variant": "red"}, {"product_id": "P"}, True),
    ({"product_id": "P1", "sku": "A"}, {"product_id": "P2", "sku": "A"}, True),
    ({"product_id": "STRASSE"}, {"product_id": "straße"}, True),
    ({"product_id": "P", "sku": "A"}, {"product_id": "P", "sku": "B"}, False),
    ({"sku": "A", "variant": "red"}, {"sku": "A", "variant": "blue"}, False),
    ({"sku": "A"}, {"product_id": "A"}, False),
    ({"sku": "A", "variant": "red"}, {"product_id": "P", "variant": "red"}, False),
    ({"sku": "A\x1fb"}, {"product_id": "", "sku": "a", "variant": "b"}, False),
)


@pytest.mark.parametrize(("one", "other", "wanted"), PAIRS)
def test_two_items_are_the_same_product(one: dict, other: dict, wanted: bool) -> None:
    """They share a sku or an id in any case, and neither sku nor variant contradicts; asked from both sides."""
    keys = product_key(one), product_key(other)
    assert None not in keys
    assert same(names(keys[0]), names(keys[1])) is wanted
    assert same(names(keys[1]), names(keys[0])) is wanted
    assert bool(find([keys[0]], keys[1])) is wanted
    assert bool(ProductIndex([keys[0]]).find(keys[1])) is wanted


@pytest.mark.parametrize("item", [{}, {"name": "x"}, {"variant": "red"}, {"sku": " "}, {"sku": ["A"]}, {"sku": True}])
def test_an_item_without_id_and_sku_is_no_product(item: dict) -> None:
    """Whatever else it says."""
    assert product_key(item) is None


def test_the_line_that_shares_the_most_names_comes_first() -> None:
    """Of equals the oldest, which a line stays when it learns a name."""
    red, blue, plain = (product_key({"sku": "T", **more}) for more in ({"variant": "r"}, {"variant": "b"}, {}))
    index = ProductIndex([red, blue])
    assert index.find(plain) == [red, blue]
    assert index.find(product_key({"product_id": "P", "sku": "T", "variant": "b"})) == [blue]
    index.add(grown(red, product_key({"product_id": "P"})), instead=red)
    assert index.find(plain) == [grown(red, product_key({"product_id": "P"})), blue]


def test_things_are_known_by_every_name_and_joined_when_it_shows_that_they_are_one() -> None:
    """An item with both names joins what was known by either; a contradiction keeps another variant apart."""
    by_id, by_sku, both = (product_key(i) for i in ({"product_id": "p"}, {"sku": "s"}, {"product_id": "p", "sku": "s"}))
    other = product_key({"sku": "s", "variant": "blue"})
    things = {by_id: 1, by_sku: 2, other: 5}
    assert known_as(things, product_key({"product_id": "p", "sku": "s", "variant": "red"}), int, max) is not None
    assert things == {product_key({"product_id": "p", "sku": "s", "variant": "red"}): 2, other: 5}
    assert known_as({other: 5}, by_id, int, max) is None
    assert known_as({both: 3}, both, int, max) == both
