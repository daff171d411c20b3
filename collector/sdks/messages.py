"""What every dialect reads a body into."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

MAX_MESSAGE_ID: Final = 1024
"""A longer messageId is none (contract 8.6)."""

Message = dict[str, Any]


@dataclass(slots=True)
class Messages:
    """The messages of a request, in its order.

    `indexes` are their places in the body, which make the ids of those that have none. `key` is the write key in the
    body, empty without one. `ignored` counts what says nothing of a customer (pings, measurements of the SDK itself),
    `invalid` what is no object.
    """

    messages: list[Message] = field(default_factory=list)
    indexes: list[int] = field(default_factory=list)
    key: str = ""
    ignored: int = 0
    invalid: int = 0

    def add(self, message: Message, index: int) -> None:
        """Take a message that stands at an `index` of the body."""
        self.messages.append(message)
        self.indexes.append(index)


def text(value: Any) -> str:
    """A value that is a text, else the empty text."""
    return value if type(value) is str else ""


def object_of(value: Any) -> dict[str, Any]:
    """A value that is an object, else an empty one."""
    return value if type(value) is dict else {}


def has_id(message: Message) -> bool:
    """Whether a message has a messageId that the pipeline takes for one."""
    given = message.get("messageId")
    if type(given) is str:
        return 0 < len(given) <= MAX_MESSAGE_ID and not given.isspace()
    return type(given) is int or type(given) is float


def without_nothing(message: Message) -> Message:
    """A message without what is None, and without empty texts and objects."""
    return {name: value for name, value in message.items() if value is not None and value not in ("", {})}
