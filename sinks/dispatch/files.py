"""Messages into files instead of out: `<channel>/<message_id>.eml` for e-mail, `.json` for the others."""

from __future__ import annotations

from pathlib import Path

from sinks.dispatch import mail_address, mime
from sinks.dispatch.answers import Answer, Kind
from sinks.dispatch.message import EMAIL, Message


class Files:
    """Writes what would be sent. The same message is the same file. Raises OSError when the folder cannot be made."""

    def __init__(self, folder: Path, sender: mime.Sender) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._sender = folder, sender

    def write(self, message: Message, at: int) -> Answer:
        """Write one message, as if it were sent `at` (epoch milliseconds). Raises OSError."""
        ending, content = ".json", message.raw + b"\n"
        if message.channel == EMAIL:
            try:
                ending, content = ".eml", mime.compose(message, self._sender, at)
            except mail_address.InvalidError:
                return Answer(Kind.REFUSED, "invalid")
        folder = self._folder / message.channel
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{message.message_id}{ending}").write_bytes(content)
        return Answer(Kind.ACCEPTED, "file")
