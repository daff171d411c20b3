"""The world of one run: who there is, who is scheduled next, and when it is over."""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Callable
from unittest.mock import patch

from faust.types import TP

from schemas.identifiers import Hasher
from schemas.record import Record
from schemas.topics import (
    CHANNEL_TOPICS,
    IDENTIFY_CHANGELOG,
    IDENTITY_LINKS,
    JOURNEY_CHANGELOG,
    OUTPUT_TOPICS,
    PROFILE_EVENTS,
)  # fmt: skip
from streams.campaigns import load
from streams.core import identify, journey
from streams.core.campaigns import Campaigns
from streams.core.identity.graph import Policy
from streams.core.messaging import decide
from streams.core.protocol.link_log import (
    Drained,
    EndOfInput,
    EraseRequest,
    SplitRequest,
    SuppressRequest,
    SwitchCampaigns,
)
from streams.core.protocol.records import encode, links_out
from streams.core.sealing import campaign_switch
from streams.runtime.errors import WorkerError
from tests.oracle.run import SECRET
from tests.oracle.shop import campaigns_file
from tests.simulation.actors import Disk, KilledError, Life
from tests.simulation.applied import RENDERER, Applied
from tests.simulation.chaos import Chaos
from tests.simulation.intake import Intakes, LazyReplica, Shop
from tests.simulation.keyed import RESTS, Keyed
from tests.simulation.network import Network
from tests.simulation.plan import Plan

STEPS_MOST = 300_000
DRAINED = encode(Drained())
_REDRAW_EVERY = 150


class StuckError(AssertionError):
    """The system did not come to its end."""


class Seat:
    """One actor's place: its life, and the worker that it lives on."""

    def __init__(self, name: str, worker: int, enter: Callable[[Seat], Life]) -> None:
        self.name = name
        self.worker = worker
        self.enter = enter
        self.life: Life | None = None


class World:
    """Everything of one run. `run` returns when all has drained; the logs then hold what the system wrote."""

    def __init__(self, plan: Plan, campaigns: Campaigns, trace: Callable[[str], None] | None = None) -> None:
        self.plan = plan
        self.rng = rng = random.Random(f"world {plan.seed}")
        self.trace = trace
        self.steps = 0
        self.generation = 1
        self.network = Network(rng)
        self._hasher = Hasher(SECRET)
        self.chaos = Chaos(plan, rng)
        self.zombies: list[tuple[Seat, Life]] = []
        self.drained_at: dict[tuple[str, int], int] | None = None
        self.requests = list(plan.requests)
        self.switches = list(plan.switches)
        self._links_seen = 0
        self._ended = False
        self._reassigning = False
        waiting: dict[TP, list[Record]] = {}
        records = plan.spoken
        for record in records:
            waiting.setdefault(TP(record.topic, record.partition), []).append(record)
        self._arrivals = sorted(records, key=lambda r: r.timestamp)
        self.shop = Shop(waiting, self._arrivals[0].timestamp if self._arrivals else 0)
        self.sources = [TP(topic, p) for topic in CHANNEL_TOPICS for p in range(plan.partitions)]
        if plan.imported:
            entries = [(c, None, self._hasher(c, address), False, "imported", at) for c, address, at in plan.imported]
            self.network.append(links_out(SuppressRequest("list", tuple(entries))))
        self.intakes = Intakes(
            self.shop, self.network, rng, secret=SECRET, partitions=plan.partitions, lateness=plan.lateness
        )
        self.replicas = [LazyReplica(self.network, plan.partitions) for _ in range(plan.workers)]
        self.readers = [Seat(f"ingest {w}", w, self._enter_intake) for w in range(plan.workers)]
        self.keyed = self._keyed_actors(campaigns)
        self.disks = {(actor.name, w): Disk() for actor in self.keyed.values() for w in range(plan.workers)}
        self.seats = [Seat(name, rng.randrange(plan.workers), self._enter_keyed) for name in self.keyed]
        self._assign()
        for seat in (*self.readers, *self.seats):
            seat.life = seat.enter(seat)

    def _keyed_actors(self, campaigns: Campaigns) -> dict[str, Keyed]:
        plan, partitions, network, rng = self.plan, self.plan.partitions, self.network, self.rng

        def make_identify(_: int, store: object, emit: object) -> identify.Identify:
            policy = Policy(profile_limit=plan.profile_limit)
            return identify.Identify(store, emit, partitions=partitions, policy=policy, links_a_call=plan.a_call)

        def make_journey(partition: int, store: object, emit: object) -> journey.Journey:
            return journey.Journey(
                store,
                emit,
                partition=partition,
                partitions=partitions,
                campaigns=campaigns,
                secret=SECRET,
                events_a_call=plan.a_call,
            )

        # Campaigns take many rounds, each of which waits for commits.
        rests = RESTS[:3] if self.plan.campaigning else RESTS
        world = (network, rng, rests, self.plan.unit)
        actors = [Keyed("identify", TP(IDENTITY_LINKS, 0), IDENTIFY_CHANGELOG, make_identify, *world)]
        actors += [
            Keyed("journey", TP(PROFILE_EVENTS, p), JOURNEY_CHANGELOG, make_journey, *world) for p in range(partitions)
        ]
        return {actor.name: actor for actor in actors}

    # -- lives begin and end

    def _enter_keyed(self, seat: Seat) -> Life:
        life = Life(seat.name, self.network, lambda life, point: self._strike(seat, life, point))
        if self.rng.random() < 0.2:
            self.disks[seat.name, seat.worker] = Disk()
        disk = self.disks[seat.name, seat.worker]
        life.begin(self.keyed[seat.name].live(life, disk, self.generation))
        return life

    def _enter_intake(self, seat: Seat) -> Life:
        life = Life(seat.name, self.network, lambda life, point: self._strike(seat, life, point))
        life.begin(self.intakes.live(life, self.replicas[seat.worker], self._assigned[seat.worker]))
        return life

    def _assign(self) -> None:
        self._assigned: list[list[TP]] = [[] for _ in self.readers]
        for source in self.sources:
            self._assigned[self.rng.randrange(len(self.readers))].append(source)

    def _strike(self, seat: Seat, life: Life, point: str) -> None:
        if life.left is not None or not self.chaos.hits(seat.name, point, self.steps):
            return
        if self.chaos.haunts():
            self._haunt(seat, life)
            return
        raise KilledError(f"{seat.name} ends at {point}")

    def _haunt(self, seat: Seat, life: Life) -> None:
        """Another worker takes over while this one lives on without knowing."""
        self.say(f"{seat.name} is a zombie from here on")
        life.left = self.rng.choice((1, 3, 10, 40))
        self.zombies.append((seat, life))
        self.generation += 1
        if seat in self.readers:
            self.replicas[seat.worker] = LazyReplica(self.network, self.plan.partitions)
        else:
            # The zombie keeps its disk: the successor is on another machine.
            self.disks[seat.name, seat.worker] = Disk()
        seat.life = None if self._reassigning and seat in self.readers else seat.enter(seat)

    def _over(self, seat: Seat, why: str) -> None:
        """A life has come to its end, by itself or not: the next begins, where that may be."""
        self.say(f"{seat.name} ends: {why}")
        assert seat.life is not None
        seat.life.end()
        self.generation += 1
        if seat in self.readers:
            if why != "closed":
                self.replicas[seat.worker] = LazyReplica(self.network, self.plan.partitions)
            if self._reassigning:
                seat.life = None
                return
        elif why == "closed":
            seat.worker = self.rng.randrange(self.plan.workers)
        seat.life = seat.enter(seat)

    # -- one step

    def run(self) -> None:
        """Schedule until all has drained. Raises StuckError when it does not."""
        random = self.rng.random
        # Campaigns are read and their templates parsed once, not once a life.
        once = patch.object(decide, "Renderer", RENDERER), patch.object(campaign_switch, "Campaigns", Applied)
        with once[0], once[1]:
            while self.drained_at is None or not self._finished():
                if self.steps % _REDRAW_EVERY == 0:
                    actions, weights = self._redraw()
                self.steps += 1
                if self.steps > STEPS_MOST:
                    raise StuckError(f"not drained after {STEPS_MOST} steps: {self._standing()}")
                actions[bisect(weights, random() * weights[-1])]()

    def _redraw(self) -> tuple[list[Callable[[], None]], list[float]]:
        """Who is fast and who is slow, for a while."""
        rng = self.rng
        actions: list[tuple[Callable[[], None], float]] = [(self._land, 1.5 * len(self.seats))]
        actions += [(lambda s=seat: self._step(s), 1.0) for seat in (*self.readers, *self.seats)]
        actions += [(lambda w=w: self._read_on(w), 0.5) for w in range(self.plan.workers)]
        keen = 0.1 if self.plan.slow_input else 1.0
        actions += [(self._publish, keen), (self._declare_end, 0.2), (self._zombie, 0.5), (self._trouble, 0.2)]
        if self.requests:
            actions.append((self._ask, 0.5))
        if self.switches:
            actions.append((self._switch, 0.5))
        total, weights = 0.0, []
        for _, weight in actions:
            total += weight * rng.choice((0.05, 0.3, 1.0, 1.0, 3.0))
            weights.append(total)
        return [action for action, _ in actions], weights

    def _step(self, seat: Seat) -> None:
        life = seat.life
        if life is None:
            self._reassign()
            return
        try:
            if life.step():
                return
            why = "closed"
        except (KilledError, WorkerError) as error:
            why = str(error)
        if seat.life is life:
            self._over(seat, why)
        else:  # it has become a zombie in this very step
            self._lay_to_rest(seat, life, why)

    def _land(self) -> None:
        what = self.network.land()
        if what is None:
            return
        self.say(what)
        if self.drained_at is None:
            links = self.network.logs[IDENTITY_LINKS, 0]
            if any(record.value == DRAINED for record in links[self._links_seen :]):
                self.drained_at = {target: len(log) for target, log in self.network.logs.items()}
                self.chaos.calm_down()
            self._links_seen = len(links)

    def _read_on(self, worker: int) -> None:
        self.replicas[worker].read_on(self.rng.randint(1, 5))

    def _publish(self) -> None:
        """Raw events come in: in the order of their arrival by the wall clock, in any order of sources without it."""
        shop, rng = self.shop, self.rng
        for _ in range(rng.choice((1, 1, 1, 5) if self.plan.slow_input else (1, 1, 5, 50))):
            if not self._arrivals:
                return
            record = self._arrivals[0]
            if self.plan.lateness is None:
                record = rng.choice(self._arrivals)
                source = TP(record.topic, record.partition)
                record = shop.logs[source][shop.published[source]]
            elif record.timestamp > shop.wall and rng.random() < 0.3:
                shop.wall = rng.randint(shop.wall, record.timestamp)
                return
            shop.wall = max(shop.wall, record.timestamp)
            shop.published[TP(record.topic, record.partition)] += 1
            self._arrivals.remove(record)

    def _declare_end(self) -> None:
        if self._ended or (self._arrivals and (not self.plan.early_end or self.plan.lateness is not None)):
            return
        self._ended = True
        self.say("the end of input is declared")
        ends = [(*source, len(self.shop.logs.get(source, ()))) for source in self.sources]
        self.network.append(links_out(EndOfInput(tuple(ends))))

    def _ask(self) -> None:
        """Somebody asks for a split or an erasure."""
        published = len(self.plan.records) - len(self._arrivals)
        if self.requests and published >= self.requests[0].after:
            request = self.requests.pop(0)
            self.say(f"{request.kind} {request.identifier}")
            now = self.shop.wall if request.now is None else request.now
            asked = SplitRequest if request.kind == "split" else EraseRequest
            nth, who = f"{len(self.plan.requests) - len(self.requests)}", request.identifier
            self.network.append(links_out(asked(nth, who.type, self._hasher(*who), now)))

    def _switch(self) -> None:
        """Somebody applies other campaigns."""
        if self.switches and len(self.plan.records) - len(self._arrivals) >= self.switches[0][0]:
            text = self.switches.pop(0)[1]
            nth = len(self.plan.switches) - len(self.switches)
            self.say(f"campaigns are applied: switch {nth}")
            content = load(campaigns_file(text)).dump()
            self.network.append(links_out(SwitchCampaigns(f"switch {nth}", content)))

    def _zombie(self) -> None:
        if not self.zombies:
            return
        seat, life = self.rng.choice(self.zombies)
        assert life.left is not None
        life.left -= 1
        try:
            if life.step() and life.left > -50:
                return
            why = "closed"
        except (KilledError, WorkerError) as error:
            why = str(error)
        self._lay_to_rest(seat, life, why)

    def _lay_to_rest(self, seat: Seat, life: Life, why: str) -> None:
        self.say(f"zombie {seat.name} ends: {why}")
        life.end()
        self.zombies.remove((seat, life))

    def _trouble(self) -> None:
        """Partitions move to other workers; workers are killed wherever they are."""
        what = self.chaos.trouble(self.steps)
        if what == "reassign" and not self._reassigning:
            self.say("sources are assigned anew")
            self._reassigning = True
            for seat in self.readers:
                if seat.life is not None:
                    seat.life.closing = True
        elif what == "move":
            seat = self.rng.choice(self.seats)
            if seat.life is not None:
                self.say(f"{seat.name} moves")
                seat.life.closing = True
        elif what == "kill":
            seat = self.rng.choice((*self.readers, *self.seats))
            if seat.life is not None:
                self._over(seat, "killed")
        elif what == "kill a worker":
            worker = self.rng.randrange(self.plan.workers)
            for seat in (*self.readers, *self.seats):
                if seat.worker == worker and seat.life is not None:
                    self._over(seat, "killed with its worker")

    def _reassign(self) -> None:
        if not self._reassigning or any(seat.life is not None for seat in self.readers):
            return
        self._reassigning = False
        self.generation += 1
        self._assign()
        for seat in self.readers:
            seat.life = seat.enter(seat)

    # -- the end

    def _finished(self) -> bool:
        if self.drained_at is None or not self.network.idle or self.zombies or self.chaos.active:
            return False
        if self.requests or self.switches or self._reassigning:
            return False
        return all(actor.done() for actor in self.keyed.values())

    def _standing(self) -> str:
        logs = {actor.name: (actor.reached, len(actor._log)) for actor in self.keyed.values()}
        read = sum(self.shop.committed.values()), len(self.plan.records)
        return f"committed {logs}, raw {read}, end {self._ended}, in flight {not self.network.idle}"

    def say(self, what: str) -> None:
        """One line of the trace."""
        if self.trace is not None:
            self.trace(f"{self.steps:6} {what}")

    def topics(self, *, whole: bool = False) -> dict[str, list[Record]]:
        """What the system had written for others when it said that it had drained, or by now."""
        ends = {} if self.drained_at is None else self.drained_at
        return {
            topic: [
                record
                for p in range(self.plan.partitions)
                for record in self.network.logs[topic, p][: None if whole else ends.get((topic, p), 0)]
            ]
            for topic in OUTPUT_TOPICS
        }

    def state(self) -> list[bytes]:
        """Every key that the journeys have in their state now."""
        disks = [self.disks[seat.name, seat.worker] for seat in self.seats if seat.name.startswith("journey")]
        return [key for disk in disks for key, _ in disk.scan(b"")]

    def close(self) -> None:
        """End everything that still lives."""
        for seat in (*self.readers, *self.seats):
            if seat.life is not None:
                seat.life.end()
        for _, life in self.zombies:
            life.end()
