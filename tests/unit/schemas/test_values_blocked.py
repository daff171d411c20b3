"""Which values may identify a customer, and how they are normalised."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.blocked import BLOCKED, is_blocked
from schemas.values import Values, text_of

WORDS = [
    "null", "undefined", "none", "nil", "nan", "anonymous", "guest", "distinctid", "distinct_id", "id", "email",
    "not_authenticated", "true", "false", "unknown", "[object object]", "-1", "0", "000", "-", "--", "0-0",
    "00000000-0000-0000-0000-000000000000", "",
    "n/a", "na", "#n/a", "not set", "not-set", "string", "test", "user", "userid", "user_id", "default", "visitor",
    "no-user", "xxx",
    "undefined undefined", "none none", "null,null", "nullnull", "test user", "0.0.0.0", "02:00:00:00:00:00",  # noqa: S104 - what producers send
    "9774d56d682e549c", "ffffffff-ffff-ffff-ffff-ffffffffffff", "ff:ff:ff:ff:ff:ff", "[]", "{}", '["a","b"]', "[1]",
    '{"id":1}', "{'id': 1}", "{00000000-0000-0000-0000-000000000000}", "{{user.id}}", "${userid}", "#{user_id}",
    "%user_id%", "<user_id>", "<nil>", "$user_id", "*|userid|*", "<%= id %>", "user-{{id}}", "%s", "...",
    "%!s(<nil>)", "%!d(string=)", "%!v(missing)", "%7b%7buser.id%7d%7d", "u-%7B%7Bid%7D%7D", "%24%7Bid%7D", "#ref!",
]  # fmt: skip
VALUES = Values()


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("dress", ["{}", " {}\t", "'{}'", '"{}"', "\"'{}'\"", " ' {} ' ", "`{}`", "\u201c{}\u201d"])
def test_blocked_in_any_dress(word: str, dress: str) -> None:
    """Each blocked value is blocked in any case, after trimming, and within quotes."""
    for cased in (word, word.upper(), word.title()):
        assert VALUES.plain(dress.format(cased)) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("u-42", "u-42"), ("  u-42 ", "u-42"), (12345, "12345"), (12345.0, "12345"), (1.5, "1.5"), (-2, "-2"),
        ("0x0", "0x0"), ("nobody", "nobody"), ("nullable", "nullable"), ("1-0", "1-0"),
        (2**64 - 1, str(2**64 - 1)), (1e20, "100000000000000000000"), ("y" * 1024, "y" * 1024),
        ("'u-42'", "'u-42'"), ("$device:18e1c", "$device:18e1c"), ("nana", "nana"), ("user-42", "user-42"),
        ("{3F2504E0-4F89-11D3-9A0C-0305E82C3301}", "{3F2504E0-4F89-11D3-9A0C-0305E82C3301}"), ("fabian", "fabian"),
        ("abc%3D", "abc%3D"), ("test-1", "test-1"), ("(anna)", "(anna)"), (1e22, "1" + 22 * "0"),
        (1.0000000000000002e22, "10000000000000002000000"), (2.0**53, "9007199254740992"),
    ],
)  # fmt: skip
def test_kept(value: object, expected: str) -> None:
    """Other scalars are taken as trimmed text; numbers as the text of the number, a whole float as the int."""
    assert VALUES.plain(value) == expected


@pytest.mark.parametrize("value", [None, True, False, 0, -1, 0.0, -0.0, [], {}, ["u"], {"id": "u"}, "x" * 1025, "\n"])
def test_never_an_identifier(value: object) -> None:
    """Booleans, zero, -1, lists, objects, null and more than 1,024 characters identify nobody."""
    assert VALUES.plain(value) is None


def test_the_list_can_be_extended() -> None:
    """A shop's own placeholder is blocked like the built-in ones, in any dress; the built-in list stays."""
    values = Values(blocked=[" Kiosk-User "])
    assert values.plain("'KIOSK-user'") is None
    assert values.plain("guest") is None
    assert VALUES.plain("kiosk-user") == "kiosk-user"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Ana.M\u00fcller+shop@Example.COM ", "ana.m\u00fcller+shop@example.com"), ("a@b", None), ("a@b@c", None),
        ("@b", None), ("a@", None), ("a b@c", None), ("no-mail", None), (12, None), (None, None), ("email", None),
        (["a@b.c"], None), ("a" * 1021 + "@b.c", None), ("noreply@shop.de", None), ("No-Reply@shop.de", None),
        ("do_not_reply+7@shop.de", None), ("test@gmail.com", None), ("null@x.de", None), ("shop@shop.de", None),
        ("shop@mail.shop.de", None), ("ana@localhost", None), ("{{email}}@x.de", None), ("ana@x.", None),
        ("n.orepa@x.de", "n.orepa@x.de"), ("tester@x.de", "tester@x.de"), ("info@shop.de", "info@shop.de"),
        ("mailto:Ana@x.de", "ana@x.de"), ("<ana@x.de>", None), ("ana@x.de,ben@x.de", None), ("ana@x.de;", None),
        ("Ana@M\u00dcNCHEN.de", "ana@m\u00fcnchen.de"), ("ana@XN--mnchen-3ya.de", "ana@m\u00fcnchen.de"),
        ("ana@mu\u0308nchen.de", "ana@m\u00fcnchen.de"), ("ana@mail.xn--strae-oqa.de", "ana@mail.stra\u00dfe.de"),
        ("ana@xn--a.de", "ana@xn--a.de"),
        ("Ana <ana@x.de>", None), ("o'neil+a_b-c.d@x-y.co.uk", "o'neil+a_b-c.d@x-y.co.uk"),
    ],
)  # fmt: skip
def test_email(value: object, expected: str | None) -> None:
    """An e-mail address is trimmed and in lower case, its domain in its own letters, and must look like x@y."""
    assert VALUES.email(value) == expected
    assert expected is None or VALUES.user(expected) == VALUES.email(expected) == expected


@pytest.mark.parametrize(
    ("value", "region", "expected"),
    [
        ("+1 555 123 4567", "US", "+15551234567"),
        ("(555) 123-4567", "US", "+15551234567"),
        ("555.123.4567", "us", "+15551234567"), (15551234567, "US", "+15551234567"),
        ("030 123456", "DE", "+4930123456"),
        ("+49 30 123456", "US", "+4930123456"), ("0049 30 123456", "DE", "+4930123456"),
        ("+15551234567;ext=12", "US", "+15551234567"), ("12", "US", None),
        ("call me", "US", None), ("000-000-0000", "US", None), ("unknown", "US", None), (None, "US", None),
        (True, "US", None), ("+999 123", "US", None), ("1" * 300, "US", None),
    ],
)  # fmt: skip
def test_phone(value: object, region: str, expected: str | None) -> None:
    """A phone number becomes E.164 by its own country code or the region's; what cannot be dialled is none."""
    assert Values(region).phone(value) == expected


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("919876543210", "US", "+919876543210"), ("919876543210", "IN", "+919876543210"),
        (919876543210, "US", "+919876543210"),
        ("491712345678", "DE", "+491712345678"), ("49 171 2345678", "US", "+491712345678"),
        ("14155550123", "DE", "+14155550123"),
        ("447911123456", "US", "+447911123456"), ("393331234567", "IT", "+393331234567"),
        ("6281234567890", "ID", "+6281234567890"),
        ("00491712345678", "US", "+491712345678"), ("whatsapp:+491712345678", "US", "+491712345678"),
        ("whatsapp:491712345678", "DE", "+491712345678"), ("491712345678@s.whatsapp.net", "DE", "+491712345678"),
        ("tel:+49-171-2345678", "US", "+491712345678"), ("TEL:0171 2345678", "DE", "+491712345678"),
        ("4155550123", "US", "+14155550123"), ("79161234567", "RU", "+79161234567"),
        ("89161234567", "RU", "+79161234567"), ("491712345678.0", "DE", "+491712345678"),
        ("01712345678.0", "DE", "+491712345678"), ("+491712345678.0", "US", "+491712345678"), ("4155550123.0", "US",
        "+14155550123"), (491712345678.0, "DE", "+491712345678"), ("0171.2345678.0", "DE", "+4917123456780"),
    ],
)  # fmt: skip
def test_phones_without_plus(text: object, region: str, number: str) -> None:
    """Digits are read as the number they can only be: with + where they are no mobile number of the region."""
    assert Values(region).phone(text) == number


@pytest.mark.parametrize(
    ("forms", "region", "number"),
    [
        (["+5215512345678", "+52 1 55 1234 5678", "525512345678", "5215512345678", "55 1234 5678"], "MX",
        "+525512345678"),
        (["+551187654321", "+55 (11) 8765-4321", "551187654321", "(11) 98765-4321", "11 8765 4321"], "BR",
        "+5511987654321"),
        (["+541123456789", "+54 9 11 2345-6789", "5491123456789", "011 15-2345-6789"], "AR", "+5491123456789"),
        (["+39 06 6982 1234", "06 6982 1234", "0039 06 69821234", "+39 (0)6 6982 1234"], "IT", "+390669821234"),
        (["+39 (0)333 1234567", "333 1234567", "+393331234567"], "IT", "+393331234567"),
    ],
)  # fmt: skip
def test_one_subscriber_is_one_number(forms: list[str], region: str, number: str) -> None:
    """However a mobile number of Brazil, Mexico, Argentina or Italy is written, it is the same, and can be dialled."""
    assert {Values(region).phone(form) for form in forms} == {number}
    assert {Values("US").phone(form) for form in forms if form[0] == "+"} == {number}


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("555-0123", "US"), ("5550123", "US"), ("0171 2345678 (mobil)", "DE"), ("0171 2345678/9", "DE"),
        ("+49 171 2345678 Ana", "US"),
        ("1-800-FLOWERS", "US"), ("0171 2345678, 0172 3456789", "DE"), ("+39 (0)345 1234567", "DE"),
    ],
)  # fmt: skip
def test_no_phone(text: str, region: str) -> None:
    """Without an area code, with letters, with a second line, or with two readings, it is nobody's number."""
    assert Values(region).number(text) is None


def test_digits_that_are_two_numbers() -> None:
    """203 is in Connecticut, +20 3 in Alexandria: such digits are known by themselves, and nobody writes to them."""
    values = Values("US")
    assert values.number("203 345 6789") == values.number("2033456789") == "2033456789"
    assert values.phone("2033456789") is None
    assert values.phone("(203) 345-6789") == values.phone("12033456789") == "+12033456789"


def test_an_unknown_region_is_an_error() -> None:
    """A region nobody knows is refused at the start, with what is wrong in it."""
    with pytest.raises(ValueError, match="'XX'"):
        Values("XX")


@given(st.text(max_size=60))
def test_blocking_ignores_case_and_blanks(text: str) -> None:
    """Trimmed or not, quoted or not, the answer is the same; nothing blocked is ever returned."""
    kept = VALUES.plain(text)
    assert kept == VALUES.plain(f" {text} ")
    assert kept is None or (kept == text.strip() and kept.lower() not in BLOCKED)
    assert is_blocked(text.strip()) == (kept is None)


@given(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text())
def test_scalars_as_text(value: object) -> None:
    """Every scalar but null has a text, trimmed."""
    text = text_of(value)
    assert (text is None) == (value is None)
    assert text is None or text == text.strip()
