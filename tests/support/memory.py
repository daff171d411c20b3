"""How much memory this process has had at most since it was asked to forget."""

from __future__ import annotations

from pathlib import Path

MEBIBYTE = 1024**2


def forget() -> int:
    """Begin anew with the highest resident memory; gives the present one in bytes (Linux)."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return highest()


def highest() -> int:
    """The highest resident memory in bytes since then."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
