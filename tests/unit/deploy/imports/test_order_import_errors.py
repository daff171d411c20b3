"""What cannot be imported is refused with one clear line, before anything is published."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from deploy.imports.orders import OrderImportError, import_lines

MAP = """name: shop
columns: {invoice: Nr, sku: Article, quantity: Pieces, time: When, unit_price: Price, customer: Who}
currency: EUR
kinds: [{match: "[0-9]+", kind: sale}]
"""
HEADER = "Nr,Article,Pieces,When,Price,Who\n"
GOOD = "1,L1,3,2026-01-05 10:00:00,0.1,77\n"


def refusal(folder: Path, rows: str | bytes, order_map: str = MAP, name: str = "orders.csv") -> str:
    """The one line an import of these texts ends with."""
    (folder / name).write_bytes(rows.encode() if isinstance(rows, str) else rows)
    (folder / "map.yaml").write_text(order_map)
    with pytest.raises(OrderImportError) as caught:
        import_lines(folder / name, folder / "map.yaml")
    assert isinstance(caught.value, ValueError)
    message = str(caught.value)
    assert "\n" not in message
    return message.replace(f"{folder}/", "")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("2,L1,three,2026-01-05 10:00:00,1,7\n", "orders.csv: row 3: column Pieces: 'three' is not a number"),
        ("2,L1,1,2026-01-05 10:00:00,NaN,7\n", "orders.csv: row 3: column Price: 'NaN' is not a number"),
        ("2,L1,1,2026-01-05 10:00:00,1e99,7\n", "orders.csv: row 3: column Price: '1e99' is not a number"),
        ("2,L1,1,05/01/2026,1,7\n", "row 3: column When: '05/01/2026' is not a time as the map's time.format says"),
        ("X2,L1,1,2026-01-05 10:00:00,1,7\n", "row 3: invoice 'X2' is of no kind; add a pattern to the map's kinds"),
        (",L1,1,2026-01-05 10:00:00,1,7\n", "row 3: has no invoice number"),
        ("2,L1,1\n", "row 3: has 3 columns, the header 6"),
        ("1,L1,1,2026-01-05 10:00:00,1,8\n", "row 3: invoice 1 names a second customer"),
    ],
)
def test_bad_rows(tmp_path: Path, row: str, said: str) -> None:
    """The file, the row and the column are named; good rows before it publish nothing."""
    assert said in refusal(tmp_path, HEADER + GOOD + row)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("currency: EUR\n", ""), "map.yaml: currency: Field required"),
        (("currency: EUR\n", "currency: EUR\ncolour: red\n"), "map.yaml: colour: Extra inputs are not permitted"),
        (("kind: sale", "kind: sail"), "map.yaml: kinds.0.kind: "),
        (('"[0-9]+"', '"[0-9"'), "map.yaml: kinds.0.match: is no regular expression"),
        (("sku: Article, ", ""), "map.yaml: columns.sku: Field required"),
        (("currency: EUR\n", "currency: EUR\nchannel: fax\n"), "map.yaml: channel: 'fax' is no channel; one of web, "),
        (
            ("currency: EUR\n", "currency: EUR\ntime: {zone: Mars/Base}\n"),
            "map.yaml: time.zone: 'Mars/Base' is no time zone",
        ),
        (
            ("currency: EUR\n", "currency: EUR\ntime: {format: '%H:%M'}\n"),
            "map.yaml: time.format: '%H:%M' is no format",
        ),
        (("currency: EUR\n", "currency: EUR\nencoding: klingon\n"), "'klingon' is no encoding"),
        (
            ("Nr,", "Number,"),
            "orders.csv: row 1: no column 'Number' (columns.invoice of the map); there are: Nr, Article",
        ),
        (("name: shop\n", "name: [\n"), "map.yaml:"),
        ((MAP, "- a list\n"), "map.yaml: holds no map of keys"),
    ],
)
def test_bad_maps(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    """The file and the key are named."""
    assert said in refusal(tmp_path, HEADER + GOOD, MAP.replace(*change))


def test_files_that_are_no_tables(tmp_path: Path) -> None:
    """Empty files, binary ones, broken gzips and missing ones are told apart."""
    assert "row 1: no column 'Nr'" in refusal(tmp_path, "")
    assert refusal(tmp_path, HEADER) == "orders.csv: holds no rows"
    assert "is not utf-8-sig text" in refusal(tmp_path, HEADER.encode() + GOOD.encode() * 2 + b"2,\xff\xfe,1\n")
    assert "cannot be read" in refusal(tmp_path, b"no gzip at all", name="orders.csv.gz")
    cut = gzip.compress((HEADER + GOOD * 5000).encode())[:-300]
    assert "cannot be read" in refusal(tmp_path, cut, name="orders.csv.gz")
    with pytest.raises(OrderImportError, match=r"nowhere\.csv: cannot be read"):
        import_lines(tmp_path / "nowhere.csv", tmp_path / "map.yaml")
    with pytest.raises(OrderImportError, match=r"nowhere\.yaml: cannot be read"):
        import_lines(tmp_path / "orders.csv", tmp_path / "nowhere.yaml")
