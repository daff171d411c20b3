"""The conditions of a rule, each as a function of a customer at one moment (contract 8, "Segments")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from schemas.money import MICRO
from streams.core.campaigns import CampaignFile
from streams.core.campaigns.segment import Age, Agreed, Count, Few, OfProduct, Revenue, Rule, SeenOn, Trait
from streams.core.contact import consent
from streams.core.orders.conversions import paid_back
from streams.core.profile.state import Profile
from streams.core.segments.subject import NEVER, Answer, Check, Subject

_YES, _NO = (True, NEVER), (False, NEVER)


def check(rule: Rule, file: CampaignFile) -> Check:
    """The rule as a function; `file` is the campaigns file that it stands in.

    Where one part of `all` or `any` settles the answer, only that part may change it, so only its moment is told.
    """
    if rule.all_ is not None:
        return _several(tuple(check(one, file) for one in rule.all_), settles=False)
    if rule.any_ is not None:
        return _several(tuple(check(one, file) for one in rule.any_), settles=True)
    if rule.not_ is not None:
        inner = check(rule.not_, file)

        def negated(subject: Subject) -> Answer:
            holds, until = inner(subject)
            return not holds, until

        return negated
    name = next(name for name in rule.model_fields_set if getattr(rule, name) is not None)
    return _CONDITIONS[name](getattr(rule, name), file)


def _several(parts: tuple[Check, ...], *, settles: bool) -> Check:
    def several(subject: Subject) -> Answer:
        first = NEVER
        for part in parts:
            answer = part(subject)
            if answer[0] is settles:
                return answer
            if answer[1] != NEVER:
                first = min(first, answer[1])
        return not settles, first

    return several


def _orders(asked: Count, _file: CampaignFile) -> Check:
    none = (asked.holds(0), NEVER)

    def orders(subject: Subject) -> Answer:
        orders = subject.orders
        if not orders:
            return none
        count, until = subject.within((order.at for order in orders.values()), asked.within)
        return asked.holds(count), until

    return orders


def _revenue(asked: Revenue, _file: CampaignFile) -> Check:
    least = None if asked.at_least is None else asked.at_least * MICRO
    most = None if asked.at_most is None else asked.at_most * MICRO

    none = ((least is None or least <= 0) and (most is None or most >= 0), NEVER)

    def revenue(subject: Subject) -> Answer:
        if not subject.orders:
            return none
        orders = [order for order in subject.orders.values() if (order.currency or "").upper() == asked.currency]
        _, until = subject.within((order.at for order in orders), asked.within)
        since = -1 if asked.within is None else subject.now - asked.within
        worth = sum(order.value - paid_back(order) for order in orders if order.at > since)
        return (least is None or worth >= least) and (most is None or worth <= most), until

    return revenue


def _age(when: Callable[[Subject], int]) -> Callable[[Age, CampaignFile], Check]:
    def condition(asked: Age, _file: CampaignFile) -> Check:
        older, younger = asked.older_than, asked.younger_than

        def age(subject: Subject) -> Answer:
            at = when(subject)
            if at < 0:
                return _NO
            old = subject.now - at
            holds = (older is None or old >= older) and (younger is None or old < younger)
            # Of two limits the nearer one that is ahead changes it next.
            until = at + older if older is not None and older > old else NEVER
            return holds, min(until, at + younger) if younger is not None and younger > old else until

        return age

    return condition


def _seen_on(asked: SeenOn, _file: CampaignFile) -> Check:
    def seen_on(subject: Subject) -> Answer:
        at = subject.state.seen_on.get(asked.channel)
        if at is None:
            return _NO
        count, until = subject.within((at,), asked.within)
        return bool(count), until

    return seen_on


def _carts_abandoned(asked: Few, _file: CampaignFile) -> Check:
    def carts_abandoned(subject: Subject) -> Answer:
        count, until = subject.within(subject.state.abandoned, asked.within)
        return asked.holds(count), until

    return carts_abandoned


def _viewed(asked: OfProduct, _file: CampaignFile) -> Check:
    key = asked.key

    def viewed(subject: Subject) -> Answer:
        count, until = subject.within(subject.state.viewed.get(key, ()), asked.within)
        return asked.holds(count), until

    return viewed


def _bought(asked: OfProduct, _file: CampaignFile) -> Check:
    key = asked.key

    def bought(subject: Subject) -> Answer:
        orders = subject.state.bought.get(key)
        if not orders:
            return asked.holds(0), NEVER
        stand = subject.orders
        count, until = subject.within((stand[one].at for one in orders if one in stand), asked.within)
        return asked.holds(count), until

    return bought


def _trait(asked: Trait, _file: CampaignFile) -> Check:
    name, wanted = asked.name, asked.one_of if asked.value is None else (asked.value,)

    def trait(subject: Subject) -> Answer:
        known = subject.profile.traits.get(name)
        value = None if known is None else known.value
        if asked.exists is not None:
            return _YES if (value is not None) is asked.exists else _NO
        if wanted:
            return _YES if any(_same(value, one) for one in wanted) else _NO
        if isinstance(value, bool) or not isinstance(value, int | float):
            return _NO
        least, most = asked.at_least, asked.at_most
        return _YES if (least is None or value >= least) and (most is None or value <= most) else _NO

    return trait


def _same(value: Any, wanted: bool | int | float | str) -> bool:  # noqa: PYI041 - compiled, each has to be named
    """Whether two values are of one type and equal; numbers are of one type."""
    if isinstance(value, bool) or isinstance(wanted, bool | str):
        return type(value) is type(wanted) and value == wanted
    return isinstance(value, int | float) and value == wanted


def _country(asked: tuple[str, ...], _file: CampaignFile) -> Check:
    wanted = frozenset(asked)
    return lambda subject: _YES if country_of(subject.profile) in wanted else _NO


def country_of(profile: Profile) -> str | None:
    """The country that a customer's traits name, `country` or that of `address`: without case; None for none."""
    known = profile.traits.get("country")
    if known is not None and isinstance(known.value, str) and known.value.strip():
        return known.value.strip().casefold()
    address = profile.traits.get("address")
    said = address.value.get("country") if address is not None and isinstance(address.value, dict) else None
    return said.strip().casefold() if isinstance(said, str) and said.strip() else None


def _language(asked: tuple[str, ...], file: CampaignFile) -> Check:
    def language(subject: Subject) -> Answer:
        known = subject.profile.locale
        return _YES if (file.language if known is None else known.value) in asked else _NO

    return language


def _zone(asked: tuple[str, ...], file: CampaignFile) -> Check:
    def zone(subject: Subject) -> Answer:
        known = subject.profile.zone
        return _YES if (file.timezone if known is None else known.value) in asked else _NO

    return zone


def _consent(asked: Agreed, file: CampaignFile) -> Check:
    default = file.consent.default == "opt_out"

    def agreed(subject: Subject) -> Answer:
        return _YES if consent.given(subject.profile, asked.channel, asked.topic, default=default) else _NO

    return agreed


def _contact(channel: str, file: CampaignFile) -> Check:
    stale_after = file.stale_after.get(channel)  # type: ignore[call-overload]

    def contact(subject: Subject) -> Answer:
        contacts = subject.profile.contacts
        point = contacts.get(channel)
        if point is None and channel == "ads":
            point = contacts.get("email")
        if point is None:
            return _NO
        if stale_after is None:
            return _YES
        # A message at the very end of that time still goes out.
        ends = point.at + int(stale_after) + 1
        return (True, ends) if subject.now < ends else _NO

    return contact


def _known(asked: bool, _file: CampaignFile) -> Check:
    def known(subject: Subject) -> Answer:
        profile = subject.profile
        yes = bool(profile.persons) or "email" in profile.contacts or "sms" in profile.contacts
        return _YES if yes is asked else _NO

    return known


_CONDITIONS: Final[dict[str, Callable[[Any, CampaignFile], Check]]] = {
    "orders": _orders,
    "revenue": _revenue,
    "last_order": _age(lambda subject: subject.profile.last_order),
    "last_activity": _age(lambda subject: subject.profile.last_activity or -1),
    "first_seen": _age(lambda subject: subject.profile.first_seen),
    "seen_on": _seen_on,
    "carts_abandoned": _carts_abandoned,
    "viewed": _viewed,
    "bought": _bought,
    "trait": _trait,
    "country": _country,
    "language": _language,
    "zone": _zone,
    "consent": _consent,
    "contact": _contact,
    "known": _known,
}
