"""Questions of the dearest views, asked of raw events: `FINAL`, JSON parsed in the query, merges followed by a join.

One file a view in `peers`: what of the view is compared, and the same asked of raw events. A peer asks less than its
view: of `v_sources` the visitors alone, of `v_channel_kpis` nothing of orders, costs and money.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

_FOLDER: Final = Path(__file__).parent / "peers"


def _statements(name: str) -> list[str]:
    text = re.sub(r"(?m)^--.*\n", "", (_FOLDER / f"{name}.sql").read_text())
    return [part.strip() for part in re.split(r";\s*\n", text)]


def peers(timezone: str) -> dict[str, tuple[str, str]]:
    """By view: what of its answer is compared, and the same question of raw events, with days of a time zone."""
    [read] = _statements("read")
    found = {}
    for path in sorted(_FOLDER.glob("v_*.sql")):
        view, raw = _statements(path.stem)
        found[path.stem] = view, raw.replace("{read}", read).replace("{timezone}", timezone)
    return found


def fill(client: Any) -> None:
    """Make `raw_events` of `events`, unless it is there."""
    if not client.command("EXISTS TABLE raw_events"):
        for statement in _statements("raw_events"):
            client.command(statement)
