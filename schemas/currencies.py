# ruff: noqa: RUF001 - words of other languages
"""Currencies: the codes of ISO 4217, and the signs and words that stand beside an amount."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from babel.core import get_global

CODES: Final = frozenset(get_global("all_currencies")) - {"XXX", "XTS"}
"""The codes of ISO 4217 in force and withdrawn, without those for no currency and for tests."""
CENTS: Final = frozenset({"\u00a2", "ct", "cts", "cent", "cents"})
"""What stands behind an amount in hundredths."""

# Names in the languages of the shops that were looked at, as they stand on price tags. Case does not count.
_WORDS: Final = frozenset({
    "euro", "euros", "euró", "eura", "eurá", "eurot", "evro", "evró", "евро", "ευρώ", "€uro", "dollar", "dollars",
    "dólar", "dólares", "dolar", "dolares", "buck", "bucks", "долларов", "pound", "pounds", "sterling", "quid",
    "lira", "liras", "liret", "lirı", "tl", "ytl", "yen", "円", "圓", "元", "yuan", "renminbi", "rmb", "원", "won",
    "บาท", "baht", "đ", "₫", "dong", "vnd", "franc", "francs", "franken", "frank", "franchi", "fr", "sfr", "sfr.",
    "chf", "frs", "rappen", "krone", "kroner", "krona", "kronor", "kr", "kroon", "koruna", "koruny", "korun", "kč",
    "kc", "kcs", "kn", "kuna", "kune", "zł", "zl", "zloty", "złoty", "złotych", "złote", "forint", "ft", "lei", "leu",
    "ron", "lev", "leva", "lv", "лв", "руб", "рублей", "р", "ruble", "rubles", "rouble", "roubles", "rub", "грн",
    "гривень", "hryvnia", "hryvnias", "tenge", "тг", "dinar", "dinars", "din", "дин", "rsd", "km", "denar", "mkd",
    "rupee", "rupees", "rs", "re", "inr", "pkr", "lkr", "npr", "rupiah", "rp", "ringgit", "rm", "taka", "tk", "php",
    "peso", "pesos", "piso", "real", "reais", "rand", "r", "zar", "naira", "cedi", "cedis", "shilling", "shillings",
    "ksh",
    "kshs", "tsh", "ush", "birr", "kwacha", "pula", "dirham", "dirhams", "dh", "dhs", "aed", "riyal", "riyals",
    "rial", "rials", "sar", "sr", "qr", "shekel", "shekels", "sheqel", "nis", "sol", "soles", "quetzal", "quetzales",
    "lempira", "lempiras", "colón", "colones", "bolívar", "bolivares", "bs", "gs", "guaraní", "guaranies", "q", "د.إ",
    "درهم", "ر.س", "ريال", "ج.م", "جنيه", "₪",
})  # fmt: skip
_THOUSANDTHS: Final = frozenset({
    "bhd", "iqd", "jod", "kwd", "lyd", "omr", "tnd", "dinar", "dinars", "din", "rial", "rials", "riyal", "riyals",
    "ريال",
})  # fmt: skip
"""Currencies with three decimals, and the words that may mean one of these."""
_POINTED: Final = frozenset({
    "$", "us$", "u$s", "usd", "dollar", "dollars", "a$", "au$", "aud", "ca$", "c$", "cad", "nz$", "nzd", "hk$", "hkd",
    "s$",
    "sg$", "sgd", "nt$", "twd", "mx$", "mex$", "mxn", "\u00a3", "gbp", "pound", "pounds", "\u00a5", "jpy", "cny", "rmb",
    "\u20b9", "inr", "rs", "re", "rupee", "rupees", "pkr", "\u20b1", "php", "\u0e3f", "thb", "\u20a9", "krw",
    "\u20aa", "ils", "nis", "\u20a6", "ngn", "naira", "ksh", "kes", "chf",
})  # fmt: skip
"""Signs, codes and words of currencies of countries where the point is the decimal sign."""
_SIGNS: Final = re.compile(r"[$\u00a3-\u00a5\u20a0-\u20cf\ufdfc\uff04\uffe5\uffe1]")
# Whose dollar, peso or real it is: "US$", "R$", "NT$"; Peru's "S/" and Panama's "B/." have no sign of their own.
_WHOSE: Final = frozenset({
    "us", "a", "au", "aus", "c", "ca", "can", "nz", "hk", "s", "sg", "r", "nt", "tw", "mx", "mex", "rd", "z", "bz",
    "ec", "bds", "j", "tt", "cl", "col", "ar", "u", "n", "fj", "l", "g", "ti", "b", "bd", "gh", "e", "le", "ll",
})  # fmt: skip
_SOLES: Final = frozenset({"s/", "b/"})


def currency_code(value: object) -> str | None:
    """The code of ISO 4217 that a `value` is, in upper case; None for anything else."""
    return _code(value) if type(value) is str else None


@lru_cache(maxsize=4096)
def is_currency(text: str) -> bool:
    """Whether a text beside an amount names a currency, by sign, code or word: `US$`, `EUR`, `kr.`, `Rs.`, `euros`."""
    return all(map(_names_one, text.split())) or _names_one("".join(text.split()))


@lru_cache(maxsize=4096)
def groups_by_points(before: str, behind: str) -> bool:
    """Whether what stands `before` and `behind` an amount is a currency in which a point groups thousands.

    It is none of three decimals, and none of countries where the point is the decimal sign.
    """
    words = f"{before} {behind}".lower().replace(".", " ").split()
    return bool(words) and _THOUSANDTHS.isdisjoint(words) and _POINTED.isdisjoint(words)


@lru_cache(maxsize=1024)
def _code(text: str) -> str | None:
    code = text.strip().upper()
    return code if code in CODES else None


def _names_one(word: str) -> bool:
    plain = word.lower().rstrip(".")
    if plain in _WORDS or plain in _SOLES or plain.upper() in CODES:
        return True
    letters = _SIGNS.sub("", plain)
    return len(letters) < len(plain) and (not letters or letters in _WHOSE or letters.upper() in CODES)
