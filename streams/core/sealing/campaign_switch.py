"""The campaigns of one journey partition, and how others take their place at one point of its log (contract 8.90).

In the store: `w` -> the campaigns that hold since (`Campaigns.dump`), instead of those the worker was started with;
`wr` -> of a switch that has not ended, the profile that was looked at last (16 bytes, or none yet) and the request.
Timers may be others under new campaigns, and segments may, so those of all profiles are looked at, in the order of
their ids.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from schemas.referrers import NoReferrers
from streams.core.campaigns import Campaigns
from streams.core.profile.repository import Profiles
from streams.core.protocol.ports import Store
from streams.core.protocol.state_keys import CAMPAIGNS, SWITCH
from streams.core.sealing.effects import Effects
from streams.core.sealing.profile_logic import ProfileLogic
from streams.core.sealing.sealer import Sealer

_ID: Final = 16


class Switch:
    """The campaigns that hold. `request` is the id of the switch under way, None if there is none.

    The secret is that of the settings: draws for customers are keyed with it. `no_referrers` are the hosts that send
    nobody, `unsubscribe` is where links to unsubscribe lead.
    """

    def __init__(
        self,
        store: Store,
        profiles: Profiles,
        sealer: Sealer,
        secret: str,
        no_referrers: NoReferrers,
        unsubscribe: str = "",
    ) -> None:
        self._store = store
        self._profiles = profiles
        self._sealer = sealer
        self._secret = secret
        self._no_referrers, self._unsubscribe = no_referrers, unsubscribe
        self._left: list[bytes] = []
        self._refused = False
        self.request: str | None = None

    def load(self) -> None:
        """Take the campaigns that were switched to before the restart, and go on with a switch that had not ended."""
        content = self._store.get(CAMPAIGNS)
        if content is not None:
            self.take(Campaigns.load(orjson.loads(content)))
        request = self._store.get(SWITCH)
        if request is not None:
            self.request = request[_ID:].decode()
            self._left = [one for one in self._profiles.ids() if one > request[:_ID]]

    def begin(self, request: str, content: Any) -> None:
        """From here on these campaigns decide, unless they are none. `content` is `Campaigns.dump()`."""
        self.request = request
        try:
            self.take(Campaigns.load(content))
        except (KeyError, TypeError, ValueError):
            self._refused = True
            return
        self._store.put(CAMPAIGNS, orjson.dumps(content))
        self._store.put(SWITCH, bytes(_ID) + self.request.encode())
        self._left = self._profiles.ids()

    def go_on(self, most: int, at: int, effects: Effects) -> bool:
        """Look at segments and timers of the `most` next profiles at most; returns False when there are more.

        `at` is how far time has come, in epoch milliseconds.
        """
        looked_at = self._left[:most]
        for profile_id in looked_at:
            self._sealer.due_anew(profile_id, at, effects)
        del self._left[:most]
        if looked_at and self._left and self.request is not None:
            self._store.put(SWITCH, looked_at[-1] + self.request.encode())
        return not self._left

    def end(self) -> tuple[str | None, bool]:
        """All timers are right; returns the request, and whether its campaigns were refused."""
        said = self.request, self._refused
        self.request, self._refused = None, False
        self._store.delete(SWITCH)
        return said

    def take(self, campaigns: Campaigns) -> None:
        """These campaigns decide, without a look at timers that others have set."""
        self._sealer.logic = ProfileLogic(campaigns, self._secret, self._no_referrers, self._unsubscribe)
