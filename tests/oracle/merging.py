"""What a merge does in the sequential machine: two customers are one from then on."""

from __future__ import annotations

from tests.oracle.cart import products, union
from tests.oracle.profile import Profile, latest
from tests.oracle.taken_back import of_merge, of_merged_no


class Merging:
    """The merges of a `Walk`, which is to have the rest."""

    def merge(self, winner: Profile, loser: Profile, at: int) -> None:
        """Two profiles are one from now on (ruling 11)."""
        self.run_timers(loser, at)
        self.run_timers(winner, at)
        self.merge_segments(winner, loser, at)
        theirs, mine = list(loser.sequences), list(winner.sequences)
        winner.sequences += theirs
        ordered = winner.last_order, loser.last_order
        winner.last_order = latest(*ordered)
        for side, other_order in ((loser, ordered[0]), (winner, ordered[1])):
            if side.cart and other_order is not None and other_order >= side.cart.opened_at:
                cart, side.cart = side.cart, None
                (winner if side is loser else loser).bought.took(cart)
                self.end(winner, "converted", at, lambda s, cart=cart: s.trigger.cart_id == cart.cart_id)
                self.transition(winner.id, cart, "converted", "order", at)
        winner.bought.absorb(loser.bought)
        for side in (winner, loser):
            if side.cart:
                cart, lines = side.cart, winner.bought.left(side.cart.lines, self.campaigns.order_grace)
                if not products(lines):
                    lines, side.cart = cart.lines, None
                    self.end(winner, "converted", at, lambda s, cart=cart: s.trigger.cart_id == cart.cart_id)
                    self.transition(winner.id, cart, "converted", "order", max(at, cart.opened_at))
                cart.lines = lines
        winner.last_activity = latest(winner.last_activity, loser.last_activity)
        if winner.cart and loser.cart:
            both, other = union(winner.cart, loser.cart), loser.cart.cart_id
            self.end(winner, "exited", at, lambda s: s.trigger.cart_id == other)
            if winner.cart.state == "abandoned" and both.state == "open":
                self.end(winner, "exited", at, lambda s: s.trigger.cart_id == both.cart_id)
                both.state = "abandoned"
                self.transition(winner.id, both, "open", "reopened", at)
            winner.cart = both
        else:
            winner.cart = winner.cart or loser.cart
        for side, other_order in ((theirs, ordered[0]), (mine, ordered[1])):
            if other_order is not None:
                self.end(winner, "converted", at, lambda s, x=side, o=other_order: s in x and s.ended_by(o))
        taken = [s.campaign.id for s in winner.sequences if s in mine and not s.campaign.transactional]
        self.end(winner, "exited", at, lambda s: s in theirs and s.campaign.id in taken)
        self.out.decisions += of_merge(winner, loser, ordered, at)
        self.absorb(winner, loser)
        self.out.decisions += of_merged_no(winner, at)

    def absorb(self, winner: Profile, loser: Profile) -> None:
        """All that is remembered of both."""
        for message_id, time in loser.applied.items():
            winner.applied[message_id] = max(time, winner.applied.get(message_id, time))
        for order_id, theirs in loser.orders.items():
            mine = winner.orders.get(order_id, theirs)
            counted = theirs.completed and mine.completed and self.counts(loser, order_id)
            better = (theirs.completed and not mine.completed) or (counted and not self.counts(winner, order_id))
            best, other = (theirs, mine) if better else (mine, theirs)
            best.cart = mine.cart or theirs.cart
            best.moves = max(mine.moves, theirs.moves)
            if not other.completed and not best.completed:
                best.wholly = best.wholly or other.wholly
                best.cancelled_at = max((at for at in (best.cancelled_at, other.cancelled_at) if at), default=None)
                if other.valued_at > best.valued_at:
                    best.value, best.valued_at = other.value, other.valued_at
            if not other.completed:
                best.paid_back = {**other.paid_back, **best.paid_back}
            winner.orders[order_id] = best
        for campaign_id, entered in loser.entered.items():
            winner.entered[campaign_id] = max(entered, winner.entered.get(campaign_id, entered))
        winner.offers = loser.offers | winner.offers
        winner.reach.absorb(loser.reach)
        winner.looks.absorb(
            loser.looks, winner.last_order, winner.bought, self.campaigns.order_grace, has_cart=winner.cart is not None
        )  # fmt: skip
        arms = winner.reach.arms
        for campaign in self.campaigns.campaigns:
            arm = loser.reach.arms.get(campaign.id)
            if arm and arms.setdefault(campaign.id, self.campaigns.arm(winner.id, campaign)) != arm:
                winner.reach.both_arms.add(campaign.id)
