"""What visitors type into forms: half an address, a wrong one, somebody else's, their own; and what they do then."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tests.oracle.histories import MINUTE, START, History, Step, track

HALF_AN_HOUR = 30 * MINUTE
GAPS = (0, 1_000, MINUTE, 5 * MINUTE, 20 * MINUTE, HALF_AN_HOUR - 1, HALF_AN_HOUR, HALF_AN_HOUR + 1)
FORMS = ("Checkout Step Completed", "Checkout Started", "Newsletter Form Sent", "Product Added")
LAMP = {"product_id": "lamp", "sku": "lamp", "price": 12}


def typed(rng: random.Random, email: str, emails: Sequence[str]) -> str:
    """What somebody types whose address is `email`: a part of it, it with two letters changed, it, or another's."""
    own, domain = email.split("@")
    return rng.choice((
        email, email, f"{own}@{domain[:-4]}", f"{own[::-1]}x@{domain}", f"{own}@{domain}x", rng.choice(emails),
    ))  # fmt: skip


def filled_in(
    rng: random.Random, who: dict[str, Any], emails: Sequence[str], phones: Sequence[str]
) -> list[tuple[int, str, dict[str, Any]]]:
    """A visitor types one to four times, and goes on in some way: (ms later, where, what), each without a messageId.

    `who` names the visitor; `emails` and `phones` are of customers.
    """
    bare = {name: value for name, value in who.items() if name in {"userId", "anonymousId"}}
    context = {name: value for name, value in who.get("context", {}).items() if name != "traits"}
    visitor = {**bare, "context": context}
    email, at, told = rng.choice(emails), 0, []
    shop = rng.choice(("web", "web", "web", "app", "store"))
    for _ in range(rng.choice((1, 2, 2, 3, 4))):
        said: dict[str, Any] = {"email": typed(rng, email, emails)}
        if rng.random() < 0.3:
            said = {**rng.choice((said, {})), "phone": rng.choice(phones)}
        name = rng.choice(FORMS)
        about = LAMP if name == "Product Added" else {"products": [LAMP]} if name == "Checkout Started" else {}
        told.append((at, shop, {**track(name, {**about, **said}), **visitor}))
        at += rng.choice(GAPS)
    after = rng.choice(("", "", "add", "order", "order as typed", "gift", "identify", "identify as another", "login"))
    if after == "add":
        told.append((at, shop, {**track("Product Added", LAMP), **visitor}))
    elif after.startswith(("order", "gift")):
        more = {"email": typed(rng, email, emails)} if "typed" in after else {"gift": True} if after == "gift" else {}
        order = {"order_id": f"f{rng.randrange(4)}", "revenue": 20, **more}
        told.append((at, rng.choice((shop, "web")), {**track("Order Completed", order), **visitor}))
    elif after.startswith("identify"):
        traits = {"traits": {"email": rng.choice(emails)}} if "another" in after else {}
        told.append((at, rng.choice((shop, "web")), {"type": "identify", **visitor, **traits}))
    elif after == "login":
        told.append((at, shop, {"type": "page", "name": "Account", **visitor, "userId": f"u{rng.randrange(1, 4)}"}))
    return told


def with_forms(history: History, seed: int, emails: Sequence[str], phones: Sequence[str]) -> History:
    """The same history, in every other seed with a few forms in it, filled in by those who are in it anyway."""
    rng = random.Random(f"forms {seed}")
    steps = list(history.steps)
    named = [step.message for step in steps if {"userId", "anonymousId"} & step.message.keys()]
    for nth in range(rng.choice((0, 0, 1, 3)) if named else 0):
        before = rng.randrange(len(steps))
        now, more = 0, []
        for n, (at, channel, message) in enumerate(filled_in(rng, rng.choice(named), emails, phones)):
            said = {"messageId": f"f{nth}.{n}", **message}
            more.append(Step(at - now, channel, rng.choice((0, 1)), said, rng.choice((0, 0, MINUTE))))
            now = at
        # What follows goes on beside it.
        behind = steps[before:]
        if behind:
            behind[0] = replace(behind[0], gap=max(0, behind[0].gap - now))
        steps[before:] = [*more, *behind]
    return replace(history, steps=steps)


def forms(seed: int, people: int, until: int) -> list[tuple[int, Step]]:
    """What customers and strangers type, in every other seed, somewhere before a time."""
    rng = random.Random(f"forms of {seed}")
    emails, phones = ([text.format(n=n) for n in range(3)] for text in ("p{n}@shop.example", "+4930123450{n}"))
    timed = []
    for nth in range(rng.choice((0, 0, 2, 4))):
        n, began = rng.randrange(people), rng.randint(START, until)
        who = rng.choice(({"userId": f"u{n}"}, {"anonymousId": f"a{n}"}, {"anonymousId": f"visitor{rng.randrange(2)}"}))
        for part, (after, channel, said) in enumerate(filled_in(rng, {**who, "context": {}}, emails, phones)):
            message = {"messageId": f"f{nth}.{part}", **said}
            timed.append((began + after, Step(0, channel, rng.choice((0, 1)), message, rng.choice((0, 0, MINUTE)))))
    return timed
