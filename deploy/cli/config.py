"""Settings for a command: from the environment, with a bad or an unknown variable told in one line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from deploy.errors import BadInputError

if TYPE_CHECKING:
    from pathlib import Path

    from schemas.settings import Settings


def load(*, unknown: bool = False, **given: Any) -> Settings:
    """Settings from `WINBACK_*`; what is given here comes first. Raises BadInputError naming the variable.

    `unknown`: let variables pass that are no settings, and a file of aliases that is not valid.
    """
    from pydantic import ValidationError

    from schemas.settings import Settings

    if not unknown and (found := strangers()):
        raise BadInputError(f"{'; '.join(found)} (winback doctor lists all)")
    try:
        settings = Settings(**given)
        if settings.aliases is not None and not unknown:
            _names(settings.aliases)
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_context=False)[0]
        name = "_".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        if not name:
            raise BadInputError(said) from None
        if _secret(name):
            raise BadInputError(f"WINBACK_{name.upper()} {said}") from None
        raise BadInputError(f"WINBACK_{name.upper()}={first.get('input')!r}: {said}") from None
    return settings


def _names(path: Path) -> None:
    from schemas.aliases import shop_file

    try:
        shop_file.load(path)
    except ValueError as wrong:
        raise BadInputError(f"WINBACK_ALIASES: {wrong}") from None


def strangers() -> list[str]:
    """A sentence for each `WINBACK_*` variable that is no setting."""
    from schemas import variables

    return variables.unknown(os.environ)


def _secret(name: str) -> bool:
    """Whether the value of a setting is not to be shown."""
    from schemas.settings import Settings

    field = Settings.model_fields.get(name)
    return field is not None and "SecretStr" in str(field.annotation)
