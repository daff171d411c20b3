"""Money and quantities, as numbers and as people write them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.money import LIMIT, micros, quantity, to_number


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (19, 19_000_000), (19.99, 19_990_000), (0, 0), (-27.5, -27_500_000), (0.1 + 0.2, 300_000), (1e-7, 0),
        ("19.99", 19_990_000), ("$19.99", 19_990_000), ("1,234.50", 1_234_500_000), ("$1,234.50", 1_234_500_000),
        ("1.234,50", 1_234_500_000), ("1.234,50 \u20ac", 1_234_500_000), ("\u20ac1.234,50", 1_234_500_000),
        ("19,99", 19_990_000), ("1,234", 1_234_000_000), ("0,125", 125_000), ("1.234", 1_234_000),
        ("1,234,567", 1_234_567_000_000), ("1.234.567", 1_234_567_000_000), ("1 234,50", 1_234_500_000),
        ("1\u00a0234,50", 1_234_500_000), ("1'234.50", 1_234_500_000), ("USD 19.99", 19_990_000),
        ("19.99 EUR", 19_990_000), ("US$19.99", 19_990_000), ("kr 19", 19_000_000), ("z\u0142 5", 5_000_000),
        ("  42  ", 42_000_000), ("-5", -5_000_000), ("-$5.00", -5_000_000), ("$-5.00", -5_000_000), ("+5", 5_000_000),
        ("\u22125", -5_000_000), ("(5.00)", -5_000_000), ("($1,000)", -1_000_000_000), (".5", 500_000),
        ("5.", 5_000_000),
        ("$.5", 500_000), ("\u20ac ,5", 500_000), ("Rs.5", 5_000_000), ("5 kr.", 5_000_000),
        ("1,23,456.00", 123_456_000_000), ("\u20b91,23,45,678", 12_345_678_000_000),
        ("Rs. 1,23,456/-", 123_456_000_000),
        ("10 Euro", 10_000_000), ("euros 10", 10_000_000), ("10 z\u0142", 10_000_000), ("R$ 1.234,56", 1_234_560_000),
        ("CHF 1\u2019234.50", 1_234_500_000), ("S/. 50", 50_000_000), ("$19.99 USD", 19_990_000), ("US $5", 5_000_000),
        ("1000\u5186", 1_000_000_000), ("5,-", 5_000_000), ("5,--", 5_000_000), ("5.\u2013", 5_000_000),
        ("kr 5,-", 5_000_000), ("1.299,-", 1_299_000_000), ("2.499,- \u20ac", 2_499_000_000),
        ("1.000,\u2013", 1_000_000_000), ("1.000:-", 1_000_000_000), ("1.299.-", 1_299_000_000),
        ("12.345.678,-", 12_345_678_000_000),
        ("12.50,-", 12_500_000), ("1,299.-", 1_299_000_000), ("-1.299,--", -1_299_000_000), ("0.500,-", 500_000),
        ("5,- \u20ac", 5_000_000), ("5:-", 5_000_000), ("-5,-", -5_000_000), ("1e3", 1_000_000_000),
        ("1.5E2", 150_000_000),
        ("1e-2", 10_000), ("\u0661\u0669\u066b\u0665", 19_500_000), ("\uff11\uff12", 12_000_000),
        ("\u0967,\u0968\u0969,\u096a\u096b\u096c", 123_456_000_000), ("\u0661\u066c\u0662\u0663\u0664", 1_234_000_000),
        ("1\u202f234,5", 1_234_500_000), ("99 cents", 990_000), ("50\u00a2", 500_000), ("19,99 TL", 19_990_000),
        ("1.299 \u20ac", 1_299_000_000), ("\u20ac1.299", 1_299_000_000), ("350.000 \u20ab", 350_000_000_000),
        ("Rp 350.000", 350_000_000_000), ("$12.990", 12_990_000), ("CLP 12.990", 12_990_000_000),
        ("-1.299 EUR", -1_299_000_000),
        ("12.000 KWD", 12_000_000), ("BHD 1.234", 1_234_000), ("1.234 Dinar", 1_234_000), ("0.350 \u20ac", 350_000),
        ("1.2990 \u20ac", 1_299_000), ("12.99 \u20ac", 12_990_000), ("1.234 cents", 12_340), ("R 12,50", 12_500_000),
        ("R199.99", 199_990_000), ("1,234.", 1_234_000_000), ("0.0000005", 0),
        ("0.0000015", 2), ("0.123456789", 123_457),
    ],
)  # fmt: skip
def test_amounts(value: object, expected: int) -> None:
    """Each form is read exactly, rounded half to even past the sixth digit."""
    assert micros(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        None, True, False, [], {}, "", " ", "free", "$", "12abcd", "1,23,4.5", "1.2.3", "1,2,3", "1,234.567.8",
        "--5", "-(5)x", "(5", "5)", "-$-5", "NaN", "Infinity", "0x10", "1/2", "1-2", "19.99.", float("nan"),
        float("inf"), 1e300, 10**30, "9" * 40, "9" * 100, "1,234,56", "COM4", "4 COM", "from 5", "5 EUR/piece",
        "12 34", "5 p", "1e400", "e3", "3e", "2 pcs", "1 234 56", "5..", "..5", "NaN5", "5 XYZ", "5.-3",
    ],
)  # fmt: skip
def test_unreadable_amounts(value: object) -> None:
    """What is not one clear number, or does not fit 64 bits of millionths, counts as absent."""
    assert micros(value) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [(2, 2), (2.0, 2), ("2", 2), ("2.5", 2.5), (0.25, 0.25), (-1, -1), ("many", None), (None, None), (True, None),
     ("2 pcs", 2), ("2x", 2), ("x3", 3), ("3 Stk.", 3), ("2 kg", None), ("1.5 pieces", 1.5)],
)  # fmt: skip
def test_quantities(value: object, expected: float | None) -> None:
    """A whole quantity is an int whatever it came as; an unreadable one is None."""
    result = quantity(value)
    assert result == expected
    assert type(result) is type(expected)


@given(st.decimals(Decimal("-1e9"), Decimal("1e9"), places=6))
def test_floats_with_six_digits_are_exact(amount: Decimal) -> None:
    """A JSON number with up to six decimals comes in and goes out unchanged."""
    as_micros = micros(float(amount))
    assert as_micros == int(amount * 10**6)
    assert to_number(as_micros) == float(amount)


@given(st.decimals(Decimal("-1e9"), Decimal("1e9"), places=2))
def test_text_and_number_agree(amount: Decimal) -> None:
    """Grouped English text, grouped German text and the plain number are the same amount."""
    english = f"{amount:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    assert micros(english) == micros(german) == micros(f"${amount:.2f}") == micros(float(amount))


@given(st.text(max_size=80) | st.text("0123456789.,$-+() 'EUR\u20ac", max_size=30))
def test_any_text_is_an_amount_or_none(text: str) -> None:
    """No text raises or leaves 64 bits."""
    amount = micros(text)
    assert amount is None or -LIMIT <= amount <= LIMIT


@given(st.integers(-LIMIT, LIMIT))
def test_whole_amounts_are_ints(amount: int) -> None:
    """Whole units go out as ints, and what goes out is the nearest float otherwise."""
    number = to_number(amount)
    assert isinstance(number, int) == (amount % 1_000_000 == 0)
    assert abs(Decimal(number) * 1_000_000 - amount) <= max(1, abs(amount) * Decimal("1e-15"))
