"""Views that sections of the monthly page ask for and that this version does not make yet."""

from __future__ import annotations

from typing import Final

COMING: Final[frozenset[str]] = frozenset()
"""To be empty once all views of the contract are there."""
