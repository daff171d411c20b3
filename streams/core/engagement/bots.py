"""Opens and clicks by machines: mail scanners and link previews look at a message before anybody has seen it.

Contract 8.64.
"""

from __future__ import annotations

import re
from typing import Final

from streams.core.profile.event import Sealed

_BARE: Final = "Mozilla/5.0"
"""What proxies of large mailbox providers call themselves, and no browser does."""
# Cubot makes telephones.
_NAMES: Final = re.compile(r"(?<!cu)bot|crawler|spider|barracuda|mimecast|proofpoint|preview|scanner", re.IGNORECASE)


def is_machine(event: Sealed) -> bool:
    """Whether an open or a click says, or its user agent does, that no person made it."""
    machine = event.properties.get("machine")
    if machine is True or (isinstance(machine, str) and machine.strip().lower() == "true"):
        return True
    for agent in (event.context.get("userAgent"), event.properties.get("user_agent")):
        if isinstance(agent, str) and (agent.strip() == _BARE or _NAMES.search(agent) is not None):
            return True
    return False
