"""The cart machine as a picture, drawn from its table.

`python -m streams.core.cart.diagram` prints it for docs/cart.md.
"""

from __future__ import annotations

import sys

from streams.core.cart.machine import NONE, TRANSITIONS

_GONE = ("converted", "emptied", "expired")


def mermaid() -> str:
    """A Mermaid state diagram of `TRANSITIONS`."""
    lines = ["stateDiagram-v2"]
    for (source, reason), target in TRANSITIONS.items():
        lines.append(f"    {'[*]' if source == NONE else source} --> {target}: {reason}")
    lines.extend(f"    {state} --> [*]" for state in _GONE)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(mermaid())
