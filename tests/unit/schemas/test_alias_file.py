"""The shop's own names: what the file says holds, and what is wrong with it is said in one line."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from schemas.aliases import shop_file
from schemas.events import DeadLetter, Reader
from schemas.record import Record

FILE = """
events:
  Bestellung abgeschlossen: Order Completed
  warenkorb.hinzu: product added
  Startseite: page
  conversion: Order Completed
  cart: Cart Viewed
properties:
  artikelnummer: product_id
  preis.brutto: price
  bestellung.nummer: order_id
  positionen: products
off: [purchase, Add to Cart]
"""


def read(path: Path, name: str, **properties: object) -> dict[str, object]:
    """The body of an event under the names of a file."""
    message = {"type": "track", "event": name, "userId": "ana", "properties": properties}
    event = Reader(own=shop_file.load(path)).read(Record("channels.web", 0, 0, 1, None, orjson.dumps(message)))
    assert not isinstance(event, DeadLetter)
    body: dict[str, object] = orjson.loads(event.body)
    return body


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that is valid."""
    path = tmp_path / "aliases.yaml"
    path.write_text(FILE, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("Bestellung abgeschlossen", "Order Completed"), ("bestellung_abgeschlossen", "Order Completed"),
        ("warenkorb.hinzu", "Product Added"), ("conversion", "Order Completed"), ("cart", "Cart Viewed"),
        ("purchase", "purchase"), ("add_to_cart", "add_to_cart"), ("begin_checkout", "Checkout Started"),
        ("Product Added", "Product Added"),
    ],
)  # fmt: skip
def test_own_names_come_first_and_shipped_ones_can_be_off(path: Path, name: str, canonical: str) -> None:
    """An own name acts in any spelling, one that ships acts unless it is off, ours always do."""
    assert read(path, name)["name"] == canonical


def test_own_names_may_be_pages(path: Path) -> None:
    """A name that stands for a page makes a page call."""
    assert read(path, "Startseite")["type"] == "page"


def test_own_properties_are_read(path: Path) -> None:
    """Fields, fields within objects and lists of products, in events of own names and of ours."""
    added = read(path, "Product Added", artikelnummer="L1", preis={"brutto": "30,00"})["properties"]
    assert added == {"artikelnummer": "L1", "preis": {"brutto": "30,00"}, "product_id": "L1", "price": "30,00"}
    order = read(path, "Bestellung abgeschlossen", bestellung={"nummer": 7}, positionen=[{"artikelnummer": "L1"}])
    properties = order["properties"]
    assert isinstance(properties, dict)
    assert properties["order_id"] == 7
    assert properties["products"] == [{"artikelnummer": "L1", "product_id": "L1"}]


@pytest.mark.parametrize("text", ["", "events:\n", "off: []\n"])
def test_a_file_may_say_nothing(tmp_path: Path, text: str) -> None:
    """Nothing in it changes nothing."""
    (tmp_path / "a.yaml").write_text(text)
    assert read(tmp_path / "a.yaml", "purchase")["name"] == "Order Completed"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[]", "is a mapping with the keys events, properties, off"),
        ("event: {a: b}", "event: unknown key; there are events, properties, off"),
        ("events: [a]", "events: a mapping of your names to ours is needed"),
        ("events: {Gekauft: Bought}", "events.Gekauft: 'Bought' is no canonical event name"),
        ("events: {order_completed: Product Added}", "events.order_completed: is a canonical name itself"),
        ("events: {a b: page, A_B: page}", "events.A_B: is there twice"),
        ("events: {Gekauft: [page]}", "events.Gekauft: a name of ours is needed"),
        ("events: {a: page, a: screen}", "no YAML: line 1, column 19: 'a' is there twice"),
        ("events: {' _': page}", "is no name; a text of up to 200 characters is"),
        ("properties: {nr: bill}", "properties.nr: 'bill' is none of "),
        ("off: purchase", "off: a list of names is needed"),
        ("off: [Purchased]", "off: 'Purchased' is no alias that ships"),
        ("off: [Order Completed]", "off: 'Order Completed' is no alias that ships"),
        ("off: [{}]", "off: {} is no alias that ships"),
        ("events: {a: b", "no YAML: line 1, column 14"),
        ("events: \u0000", "no YAML"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, text: str, fault: str) -> None:
    """The file, the place in it, and what to do."""
    path = tmp_path / "a.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"a\.yaml: ") as raised:
        shop_file.load(path)
    assert fault in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there_is_said() -> None:
    """Its name and why."""
    with pytest.raises(ValueError, match=r"^no/such\.yaml: cannot be read: No such file"):
        shop_file.load(Path("no/such.yaml"))
