"""Names of messages: what stands in one, and whose message it is."""

from __future__ import annotations

from hashlib import blake2b

DAY = 24 * 3600 * 1000
DIGITS = "0123456789abcdefghijklmnopqrstuv"


class Names:
    """The names under one secret: a tag, the day and the profile under a pad, a check, in five bits a letter."""

    def __init__(self, secret: str) -> None:
        self.key = blake2b(secret.encode(), digest_size=32, person=b"winback-mid").digest()

    def part(self, what: str, of: bytes, size: int) -> bytes:
        """One keyed hash."""
        return blake2b(of, digest_size=size, key=self.key, person=what.encode()).digest()

    def of(self, profile_id: str, about: str, triggered: int) -> str:
        """The name of a message."""
        tag = self.part("about", about.encode(), 8)
        hidden = self.mixed(tag, (triggered // DAY % 65536).to_bytes(2, "big") + bytes.fromhex(profile_id))
        bits = "".join(f"{byte:08b}" for byte in tag + hidden + self.part("check", tag + hidden, 4))
        return "".join(DIGITS[int(bits[n : n + 5], 2)] for n in range(0, 240, 5))

    def mixed(self, tag: bytes, text: bytes) -> bytes:
        """Under the pad, or out of it."""
        return bytes(a ^ b for a, b in zip(text, self.part("pad", tag, 18), strict=True))

    def whose(self, name: object) -> tuple[str, int] | None:
        """The profile that a message was for and the day of its trigger; None for a name that is none of ours."""
        if not isinstance(name, str) or len(name) != 48 or set(name) - set(DIGITS):
            return None
        bits = "".join(f"{DIGITS.index(letter):05b}" for letter in name)
        found = bytes(int(bits[n : n + 8], 2) for n in range(0, 240, 8))
        if found[26:] != self.part("check", found[:26], 4):
            return None
        said = self.mixed(found[:8], found[8:26])
        return said[2:].hex(), int.from_bytes(said[:2], "big")
