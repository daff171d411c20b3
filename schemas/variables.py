"""`WINBACK_*` variables that are no settings: a misspelt one would be ignored, and the default used without a word."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

from schemas.settings import Settings

PREFIX: Final = "WINBACK_"
OTHERS: Final = {
    "WINBACK_VERSION": "docker-compose.yml: the image's tag",
    "WINBACK_RETAIL_DATA": "tests: where UCI Online Retail is (tests/data/README.md)",
}
"""Variables of ours that are read by something else than the settings, each with what reads it."""
TESTS: Final = ("WINBACK_TEST_", "WINBACK_BENCH_")
"""How the variables of our tests and benchmarks begin."""
_LINK: Final = re.compile(r"(.+?)_(?:SERVICE_(?:HOST|PORT(?:_\w+)?)|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)?)")
"""What Kubernetes tells every container about a service `winback-...`; `X_SERVICE_HOST` is always among it."""


def known() -> list[str]:
    """The variables that are settings, in upper case, sorted."""
    return sorted(f"{PREFIX}{name.upper()}" for name in Settings.model_fields)


def unknown(environ: Mapping[str, str]) -> list[str]:
    """A sentence for each variable of `environ` that begins like a setting and is none, with the nearest setting.

    Settings are read in upper and lower case, so `winback_kafak` counts as well.
    """
    names, settings = {name.upper(): name for name in environ}, known()
    ours = {*settings, *OTHERS}
    strange = [
        name
        for name in sorted(names)
        if name.startswith(PREFIX) and name not in ours and not name.startswith(TESTS) and not _linked(name, names)
    ]
    return [f"{names[name]} is not a setting{_meant(name, settings)}" for name in strange]


def _linked(name: str, names: Mapping[str, str]) -> bool:
    link = _LINK.fullmatch(name)
    return link is not None and f"{link[1]}_SERVICE_HOST" in names


def _meant(name: str, settings: list[str]) -> str:
    near = get_close_matches(name.removeprefix(PREFIX), [known.removeprefix(PREFIX) for known in settings], n=1)
    return f"; did you mean {PREFIX}{near[0]}?" if near else ""
