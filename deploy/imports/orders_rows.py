"""Rows of an order history, grouped to invoices: exact money, one clear error for a row that cannot be read."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, TextIO, TypeVar

from deploy.imports.orders_map import Kind, OrderImportError, OrderMap
from schemas import zones

_T = TypeVar("_T")
LONGEST_FIELD = 1 << 20


class Item(NamedTuple):
    """One line of an invoice: money and pieces as the file has them, negative ones too."""

    sku: str
    name: str
    quantity: Decimal
    price: Decimal


@dataclass(slots=True)
class Invoice:
    """One invoice: `time` in epoch milliseconds is its earliest row's; an empty customer is a nameless one."""

    number: str
    kind: Kind
    channel: str
    customer: str
    country: str
    currency: str
    time: int
    items: list[Item] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        """Sum of quantity x price, exact."""
        return sum((item.quantity * item.price for item in self.items), Decimal(0))


def read_invoices(path: Path, order_map: OrderMap) -> list[Invoice]:
    """All invoices, in the order of time and number; their rows may lie anywhere in the file.

    Raises OrderImportError with file and row; the header is row 1.
    """
    invoices: dict[str, Invoice] = {}
    with _text(path, order_map.encoding) as file:
        rows = csv.reader(file, delimiter=order_map.delimiter)
        number = 1
        try:
            reader = _Reader(path, order_map, next(rows, []))
            for number, row in enumerate(rows, 2):  # noqa: B007 - errors say where
                if row:
                    reader.take(row, invoices)
        except _RowError as problem:
            raise OrderImportError(f"{path}: row {number}: {problem}") from None
        except csv.Error as problem:
            raise OrderImportError(f"{path}: row {number + 1}: is not CSV ({problem})") from None
        except UnicodeDecodeError:
            raise OrderImportError(f"{path}: after row {number}: is not {order_map.encoding} text") from None
        except (OSError, EOFError, zlib.error) as problem:
            raise OrderImportError(f"{path}: after row {number}: cannot be read ({problem})") from None
    if not invoices:
        raise OrderImportError(f"{path}: holds no rows")
    return sorted(invoices.values(), key=lambda invoice: (invoice.time, invoice.number))


class _RowError(Exception):
    """An error in a row."""


class _Reader:
    """Reads rows by the map. What many rows share (prices, times, texts) is read and kept once."""

    def __init__(self, path: Path, order_map: OrderMap, header: Sequence[str]) -> None:
        self._map = order_map
        for key, name in order_map.named_columns().items():
            if name not in header:
                known = ", ".join(header[:30]) or "none"
                raise OrderImportError(f"{path}: row 1: no column {name!r} ({key} of the map); there are: {known}")
        self._header = header
        columns = order_map.columns

        def position(name: str | None) -> int | None:
            return None if name is None else header.index(name)

        self._invoice, self._sku = header.index(columns.invoice), header.index(columns.sku)
        self._quantity, self._price = header.index(columns.quantity), header.index(columns.unit_price)
        self._time, self._name = header.index(columns.time), position(columns.name)
        self._customer, self._country = position(columns.customer), position(columns.country)
        self._currency = position(columns.currency)
        self._kinds = [(re.compile(rule.match), rule.kind) for rule in order_map.kinds]
        self._channels = [
            (header.index(rule.column), re.compile(rule.match), rule.channel) for rule in order_map.channel_rules
        ]
        self._strip = None if order_map.customer.strip is None else re.compile(order_map.customer.strip)
        zone, style = zones.zone(order_map.time.zone), order_map.time.format
        self._number_of = _kept(_number)
        self._moment_of = _kept(lambda text: _moment(text, style, zone))
        self._same = _kept(str.strip)

    def take(self, row: list[str], invoices: dict[str, Invoice]) -> None:
        """Add one row to its invoice. Raises _RowError."""
        if len(row) != len(self._header):
            raise _RowError(f"has {len(row)} columns, the header {len(self._header)}")
        same = self._same
        number = row[self._invoice].strip()
        time = self._read(self._time, row, self._moment_of)
        customer = self._customer_of(row)
        invoice = invoices.get(number)
        if invoice is None:
            invoice = invoices[number] = Invoice(
                number, self._kind_of(number), self._channel_of(row), customer,
                self._cell(self._country, row), self._cell(self._currency, row) or self._map.currency, time,
            )  # fmt: skip
        elif customer != invoice.customer and customer:
            if invoice.customer:
                raise _RowError(f"invoice {number} names a second customer")
            invoice.customer = customer
        invoice.time = min(invoice.time, time)
        invoice.items.append(
            Item(
                same(row[self._sku]),
                self._cell(self._name, row),
                self._read(self._quantity, row, self._number_of),
                self._read(self._price, row, self._number_of),
            )
        )

    def _cell(self, column: int | None, row: list[str]) -> str:
        return "" if column is None else self._same(row[column])

    def _read(self, column: int, row: list[str], how: Callable[[str], _T | None]) -> _T:
        value = how(row[column])
        if value is None:
            raise _RowError(
                f"column {self._header[column]}: {row[column][:40]!r} is not {_WHAT[how is self._moment_of]}"
            )
        return value

    def _customer_of(self, row: list[str]) -> str:
        text = self._cell(self._customer, row)
        return self._strip.sub("", text) if text and self._strip is not None else text

    def _kind_of(self, number: str) -> Kind:
        if not number:
            raise _RowError("has no invoice number")
        for pattern, kind in self._kinds:
            if pattern.fullmatch(number):
                return kind
        raise _RowError(f"invoice {number[:40]!r} is of no kind; add a pattern to the map's kinds")

    def _channel_of(self, row: list[str]) -> str:
        for column, pattern, channel in self._channels:
            if pattern.fullmatch(row[column].strip()):
                return channel
        return self._map.channel


_WHAT = {False: "a number", True: "a time as the map's time.format says"}


def _kept(how: Callable[[str], _T]) -> Callable[[str], _T]:
    return lru_cache(maxsize=100_000)(how)


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    # Beyond these an amount is a slip of the pen, and would not fit what follows.
    return number if number.is_finite() and -12 <= number.adjusted() <= 12 else None


def _moment(text: str, style: str, zone: tzinfo) -> int | None:
    try:
        moment = datetime.strptime(text.strip(), style)  # noqa: DTZ007 - the zone follows
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    milliseconds = round(moment.timestamp() * 1000)
    return milliseconds if milliseconds >= 0 else None


@contextmanager
def _text(path: Path, encoding: str) -> Iterator[TextIO]:
    """The file as text, unpacked when it is gzipped by name. Raises OrderImportError."""
    csv.field_size_limit(LONGEST_FIELD)
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as data:
            yield io.TextIOWrapper(data, encoding=encoding, newline="")
    except LookupError:
        raise OrderImportError(f"encoding of the map: {encoding!r} is no encoding; utf-8 is one") from None
    except OSError as problem:
        raise OrderImportError(f"{path}: cannot be read ({problem.strerror or problem})") from None
