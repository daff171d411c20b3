"""Settings for a command: from the environment, with a bad variable told in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deploy.errors import BadInputError

if TYPE_CHECKING:
    from schemas.settings import Settings


def load(**given: Any) -> Settings:
    """Settings from `WINBACK_*`; what is given here comes first. Raises BadInputError naming the variable."""
    from pydantic import ValidationError

    from schemas.settings import Settings

    try:
        return Settings(**given)
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_context=False)[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        raise BadInputError(f"WINBACK_{name}={first.get('input')!r}: {first['msg']}") from None
