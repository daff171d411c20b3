"""The agents, in the order an event meets them."""

from __future__ import annotations

from typing import Any

import orjson

from infra.fetching import pace
from schemas.events import DeadLetter, Reader
from schemas.record import Record
from tests.bench.plain_faust import carts
from tests.bench.plain_faust.app import app, by_profile, moves, open_carts, profiles, raw, stitched, ticks
from tests.bench.plain_faust.attribution import touched
from tests.bench.plain_faust.cells import count
from tests.bench.plain_faust.identity import profile_of
from tests.bench.plain_faust.models import Moved, Stitched, Tick, nobody

DAY_MS = 86_400_000
CONTACTS = {"email": "email", "phone": "sms", "push_token": "push"}
reader = Reader()
clock = 0


@app.agent(raw)
async def ingest(stream: Any) -> None:
    """Raw events to the profile they belong to."""
    async for event in stream.events():
        message = event.message
        record = Record(
            message.topic, message.partition, message.offset, int(message.timestamp * 1000), message.key, event.value
        )
        read = reader.read(record)
        if isinstance(read, DeadLetter):
            continue
        body = orjson.loads(read.body)
        body.pop("extra", None)
        profile_id = await profile_of(read.identifiers, read.message_id, body["event_time"])
        await by_profile.send(key=profile_id, value=Stitched(profile_id=profile_id, at=read.time, **body))


@app.agent(by_profile)
async def journey(stream: Any) -> None:
    """Events of a profile: once each, its cart, its totals, and out to everybody."""
    global clock  # noqa: PLW0603 - the worker's idea of event time, for the timer
    async for event in stream:
        profile_id = event.profile_id
        profile = profiles.get(profile_id) or nobody()
        first = profile.seen.get(event.message_id)
        if first is not None and abs(event.at - first) < DAY_MS:
            continue
        profile.seen[event.message_id] = event.at
        if len(profile.seen) % 64 == 0:
            profile.seen = {m: t for m, t in profile.seen.items() if t > event.at - DAY_MS}
        clock = max(clock, event.at)
        for identifier in event.identifiers:
            if identifier["type"] in CONTACTS:
                profile.contacts[CONTACTS[identifier["type"]]] = identifier["value"]
        if event.name == "Unsubscribed" and event.channel not in profile.withdrawn:
            profile.withdrawn.append(event.channel)
        if event.type == "identify":
            profile.traits.update(event.traits)
        touched(profile, event)
        await carts.abandon(profile_id, profile, event.at - 1)
        await carts.on_event(profile_id, profile, event)
        profiles[profile_id] = profile
        count("channel_hour", event.at, {"channel": event.channel}, events=1)
        value = event.to_representation()
        del value["at"]
        await stitched.send(key=profile_id, value=value)


@app.agent(moves)
async def move(stream: Any) -> None:
    """A profile that became part of another is fetched where it lives and taken in by the other."""
    async for moved in stream:
        if moved.profile is None:
            lost = profiles.pop(moved.loser, None)
            if lost is not None:
                open_carts.pop(moved.loser, None)
                await moves.send(key=moved.winner, value=Moved(moved.loser, moved.winner, lost))
            continue
        profile = profiles.get(moved.winner) or nobody()
        lost = moved.profile
        profile.seen = {**lost.seen, **profile.seen}
        profile.contacts = {**lost.contacts, **profile.contacts}
        profile.orders = [*profile.orders, *(order for order in lost.orders if order not in profile.orders)]
        profile.last_activity = max(profile.last_activity, lost.last_activity)
        profile.touches = sorted([*lost.touches, *profile.touches], key=lambda touch: touch["at"])[-50:]
        if profile.cart is None and lost.cart is not None and not lost.orders:
            profile.cart = lost.cart
            if not lost.cart.abandoned:
                open_carts[moved.winner] = max(profile.last_activity, lost.cart.opened_at)
        profiles[moved.winner] = profile


@app.agent(ticks)
async def tick(stream: Any) -> None:
    """Abandon a cart, unless something happened to it meanwhile."""
    async for due in stream:
        profile = profiles.get(due.profile_id)
        if profile is not None and await carts.abandon(due.profile_id, profile, due.now):
            profiles[due.profile_id] = profile


@app.timer(interval=5.0)
async def look_for_abandoned() -> None:
    """Tables can only be written to by agents, so the timer sends each of them word."""
    now = clock
    for profile_id, since in list(open_carts.items()):
        if since + carts.ABANDON_AFTER_MS <= now:
            await ticks.send(key=profile_id, value=Tick(profile_id=profile_id, now=now))


@app.task
async def rest() -> None:
    """The embedded broker does not wait for records: without this the consumer would ask it all the time."""
    pace(app.consumer._thread._consumer)
