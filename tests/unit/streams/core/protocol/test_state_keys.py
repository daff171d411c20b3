"""Two kinds of state in one store never share a key."""

from __future__ import annotations

import pytest

from streams.core.protocol import state_keys


def test_every_prefix_is_listed() -> None:
    """The check at import looks at all that the module declares."""
    declared = [value for name, value in vars(state_keys).items() if name.isupper() and isinstance(value, bytes)]
    assert sorted(declared) == sorted((*state_keys.OF_IDENTIFY, *state_keys.OF_JOURNEY))


@pytest.mark.parametrize("other", [b"a", b"ab"])
def test_a_prefix_that_begins_another_is_refused(other: bytes) -> None:
    """The same prefix twice, or one that a scan of another would return."""
    with pytest.raises(ValueError, match="share the prefix b'a'"):
        state_keys.check_apart((b"a", b"c", other))
