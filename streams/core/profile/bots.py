"""Machines by their names: mail scanners, link previews and crawlers open what nobody has seen yet.

docs/contract.md, "Feedback".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

_BARE: Final = "Mozilla/5.0"
"""What proxies of large mailbox providers call themselves, and no browser does."""
# Cubot makes telephones.
_NAMES: Final = re.compile(r"(?<!cu)bot|crawler|spider|barracuda|mimecast|proofpoint|preview|scanner", re.IGNORECASE)


def is_machine(properties: Mapping[str, Any], agent: Any) -> bool:
    """Whether an event says, or its user agent does, that no person made it.

    `properties` are the event's, `agent` is `context.userAgent`.
    """
    machine = properties.get("machine")
    if machine is not None and (machine is True or (type(machine) is str and machine.strip().lower() == "true")):
        return True
    if type(agent) is str and _is_name(agent):
        return True
    other = properties.get("user_agent")
    return type(other) is str and _is_name(other)


@lru_cache(maxsize=4096)
def _is_name(agent: str) -> bool:
    return agent.strip() == _BARE or _NAMES.search(agent) is not None
