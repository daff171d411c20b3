"""The signals that ask a process of ours to end the orderly way."""

from __future__ import annotations

import signal


def stop_signals() -> list[signal.Signals]:
    """Ctrl-C, the system or a supervisor, and a terminal that is closed.

    A SIGHUP that is ignored already stays so: `nohup` means that the process is to outlive its terminal.
    """
    signals = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signals.append(signal.SIGHUP)
    return signals
