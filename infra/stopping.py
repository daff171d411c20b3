"""The signals that ask a process of ours to end the orderly way, and who sends them."""

from __future__ import annotations

import ctypes
import signal
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None)


def stop_signals() -> list[signal.Signals]:
    """Ctrl-C, the system or a supervisor, and a terminal that is closed.

    A SIGHUP that is ignored already stays so: `nohup` means that the process is to outlive its terminal.
    """
    signals = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signals.append(signal.SIGHUP)
    return signals


def stop_with_parent() -> None:
    """In a child, before exec, on Linux: ask the kernel for SIGTERM when the parent goes."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
