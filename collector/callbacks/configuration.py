"""The file of callbacks (`WINBACK_CALLBACKS`): which providers may call, and the secrets that they sign with.

    url: https://events.shop.example          # the public address, as providers call it
    callbacks:
      sendgrid: {secrets: ["env:SENDGRID_VERIFICATION_KEY"]}
      shopify/eu: {secrets: ["env:SHOPIFY_SECRET", "env:SHOPIFY_SECRET_BEFORE"]}
      ses: {secrets: ["arn:aws:sns:eu-central-1:123456789012:feedback"]}

A key is `<provider>` or `<provider>/<name>`, as in the address `/callbacks/<provider>[/<name>]`. Of several secrets any
one signs, so a secret is changed without a gap: add the new one, change it at the provider, take the old one out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from collector.callbacks.providers import PROVIDERS, Provider
from schemas.yaml_keys import TextOnly, content

_KEYS: Final = ("url", "callbacks")
_OPTIONS: Final = ("secrets", "customer_ids")
_IDS: Final = ("user_id", "external")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_ENV: Final = "env:"


class Callback(NamedTuple):
    """One address that a provider calls: any of the `secrets` signs.

    `external_ids`: the shop's ids of customers are not those that its own events have as `userId`.
    """

    provider: Provider
    name: str
    secrets: tuple[str, ...]
    external_ids: bool = False


class Callbacks(NamedTuple):
    """The addresses that are called, by (provider, name), and the public address (`url`), empty if it is not set."""

    by_path: Mapping[tuple[str, str], Callback]
    url: str = ""


def load(path: Path, environ: Mapping[str, str]) -> Callbacks:
    """The callbacks in the file at `path`; `env:NAME` stands for a value of `environ`.

    Raises ValueError: one line with the file, the place and what to do, never a secret.
    """
    raw = _content(path)
    if not isinstance(raw, dict):
        raise _wrong(path, f"a file of callbacks is a mapping with the keys {', '.join(_KEYS)}")
    if unknown := [key for key in raw if key not in _KEYS]:
        raise _wrong(path, f"{unknown[0]}: unknown key; there are {', '.join(_KEYS)}")
    listed = raw.get("callbacks")
    if not isinstance(listed, dict) or not listed:
        raise _wrong(path, "callbacks: a mapping of providers is needed")
    found = {}
    for key, options in listed.items():
        one = _callback(path, key, options, environ)
        found[one.provider.name, one.name] = one
    return Callbacks(found, _url(path, raw.get("url")))


def _callback(path: Path, key: str, options: Any, environ: Mapping[str, str]) -> Callback:
    where = f"callbacks.{key}"
    kind, slash, name = key.partition("/")
    if kind not in PROVIDERS:
        raise _wrong(path, f"{where}: there are {', '.join(sorted(PROVIDERS))}, each also with /name")
    if slash and not _NAME.fullmatch(name):
        raise _wrong(path, f"{where}: a name has small letters, digits, - and _")
    provider = PROVIDERS[kind]
    if not provider.is_installed():
        raise _wrong(path, f"{where}: needs the package {provider.extra}: pip install 'winback[callbacks]'")
    if not isinstance(options, dict):
        raise _wrong(path, f"{where}: a mapping with secrets is needed")
    if unknown := [option for option in options if option not in _OPTIONS]:
        raise _wrong(path, f"{where}.{unknown[0]}: unknown key; there are {', '.join(_OPTIONS)}")
    given = options.get("secrets")
    if not isinstance(given, list) or not given:
        raise _wrong(path, f"{where}.secrets: a list of secrets is needed")
    secrets = tuple(_secret(path, f"{where}.secrets", one, environ) for one in given)
    if provider.check_secret is not None:
        for secret in secrets:
            try:
                provider.check_secret(secret)
            except ValueError as wrong:
                raise _wrong(path, f"{where}.secrets: {wrong}") from None
    ids = options.get("customer_ids", _IDS[0])
    if ids not in _IDS:
        raise _wrong(path, f"{where}.customer_ids: one of {', '.join(_IDS)}")
    return Callback(provider, name, secrets, ids == _IDS[1])


def _secret(path: Path, where: str, given: Any, environ: Mapping[str, str]) -> str:
    if not isinstance(given, str) or not given.strip():
        raise _wrong(path, f"{where}: a secret is text, or env:NAME")
    if not given.startswith(_ENV):
        return given.strip()
    variable = given.removeprefix(_ENV).strip()
    value = environ.get(variable, "").strip()
    if not value:
        raise _wrong(path, f"{where}: the variable {variable} is not set")
    return value


def _url(path: Path, given: Any) -> str:
    if given is None or given == "":
        return ""
    parts = urlsplit(given) if isinstance(given, str) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise _wrong(path, "url: the public address is needed, such as https://events.shop.example")
    return str(given).rstrip("/")


def _content(path: Path) -> Any:
    try:
        return content(path, TextOnly)
    except ValueError as wrong:
        raise ValueError(f"WINBACK_CALLBACKS: {wrong}") from None


def _wrong(path: Path, what: str) -> ValueError:
    return ValueError(f"WINBACK_CALLBACKS: {path}: {what}")
