"""Where identify keeps the graph in its state: the prefixes of its keys, each before a hash or profile id (16 bytes).

Beside them: pairs (link_history.py), requests (requests.py), batches that wait and the clock (identify.py).
"""

from __future__ import annotations

from typing import Final

OWNER: Final = b"o"
"""Identifier -> its type, profile, and whether it has ever moved."""
FIRST: Final = b"f"
"""Profile -> when it was first seen, counted."""
INTO: Final = b"i"
"""Retired profile id -> the one it became part of; empty for one that was erased."""
REFUSED: Final = b"x"
"""Head and other of a refused pair -> the reason."""
