"""The whole stack on this machine: broker, stream workers and sinks as children of one supervisor."""

from __future__ import annotations

import asyncio
import fcntl
import sys
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Final, Self, TypeVar

from deploy import ports
from deploy.errors import UnavailableError
from deploy.operate import broker
from deploy.stack import brokers, folder
from deploy.stack.listening import reached
from deploy.stack.supervisor import Spec, Supervisor
from infra import files
from infra.addresses import parse_address

if TYPE_CHECKING:
    from schemas.settings import Settings

BROKER_WAIT: Final = 30.0
FORGOTTEN: Final = 60.0
"""Seconds before its end of which the embedded broker, killed, may have lost what it acknowledged."""
LOCK_WAIT: Final = 1.0
LOOK: Final = 0.01
"""Seconds between looks at a port; the embedded broker takes about this long to open its own."""
WINBACK: Final = (sys.executable, "-m", "deploy.cli.main")

T = TypeVar("T")


@dataclass(frozen=True)
class Plan:
    """Where a stack lives and what it listens on.

    `kafka`: host:port of an existing broker to use, brokers.APACHE for an Apache Kafka of its own, None for the
    embedded one.
    """

    folder: Path
    workers: int
    kafka_port: int
    http_port: int
    metrics_ports: tuple[int, ...]
    kafka: str | None = None
    env: dict[str, str] = field(default_factory=dict)
    give_up: int | None = None
    """Crashes in a row before the stack gives up; None: never."""
    dispatch: bool = False
    """Whether messages are delivered as well, by a dispatcher whose metrics come after the sinks'."""
    page: str = ""
    """host:port of the live page; empty: none is served."""
    http_host: str = ports.HOST
    metrics_host: str = ports.HOST
    collect: str = ""
    """host:port of a collector, whose metrics come last; empty: none."""

    @property
    def kafka_address(self) -> str:
        """host:port of the broker."""
        if self.kafka is None or self.kafka == brokers.APACHE:
            return f"{ports.HOST}:{self.kafka_port}"
        return self.kafka

    def metrics(self, place: int) -> str:
        """The host:port of the metrics of a process by place (workers, sinks, dispatcher, collector); empty: none."""
        return address(self.metrics_host, self.metrics_ports[place]) if self.metrics_ports else ""

    @property
    def http(self) -> str:
        """The host:port by which programs of this machine reach ClickHouse's HTTP interface."""
        return address(reached(self.http_host), self.http_port)


def address(host: str, port: int) -> str:
    """Returns host:port, of an IPv6 `host` in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Stack:
    """`async with Stack(plan) as stack:` boots everything and stops it at the end, whatever happened in between.

    `stack.settings` is what a client of this stack uses: its broker, and its ClickHouse through HTTP. `say` takes a
    line for the user.
    Raises UnavailableError when a port or the folder is taken, or a part cannot be started.
    """

    def __init__(self, plan: Plan, *, say: Callable[[str], None] = lambda _: None) -> None:
        from schemas.settings import Settings

        self.plan, self.say = plan, say
        given: dict[str, Any] = {name.removeprefix("WINBACK_").lower(): value for name, value in plan.env.items()}
        self.settings: Settings = Settings(
            kafka=plan.kafka_address,
            clickhouse=f"http://{plan.http}/winback",
            http=address(plan.http_host, plan.http_port),
            state_dir=plan.folder / "state",
            **{"http_admin": plan.folder / "clickhouse.admin", **given},
        )
        self._exits = AsyncExitStack()
        self.supervisor: Supervisor

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as exits:
            lock = exits.enter_context(_lock(self.plan.folder))
            folder.same_secret(self.plan.folder, self.settings)
            brokers.settle(self.plan.folder, self.plan.kafka)
            self.supervisor = Supervisor(
                self.plan.folder / "logs", give_up=self.plan.give_up, say=self.say, hold=lock.fileno()
            )
            exits.push_async_callback(self._stop)
            own = await asyncio.to_thread(
                brokers.own, self.plan.folder, self.plan.kafka, self.plan.kafka_port, ready=self._topics, say=self.say
            )
            if own is not None:
                await self.supervisor.start(own)
                await self.during(asyncio.create_task(self._listening(self.plan.kafka_port)))
            await self._topics()
            for spec in (
                *(self._worker(at) for at in range(self.plan.workers)),
                self._sinks(),
                *self._dispatch(),
                *self._collect(),
            ):
                await self.supervisor.start(spec)
            self._tell()
            for spec in self._page():
                await self.supervisor.start(spec)
            self._exits = exits.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._exits.aclose()

    def addresses(self) -> list[tuple[str, str]]:
        """What a person may want to open: names and addresses."""
        plan = self.plan
        names = [f"streams-{at + 1} metrics" for at in range(plan.workers)] + ["sinks metrics"]
        names += ["dispatch metrics"] * plan.dispatch + ["collect metrics"] * bool(plan.collect)
        seen = reached(plan.metrics_host)
        metrics = [
            (name, f"http://{address(seen, port)}/metrics")
            for name, port in zip(names, plan.metrics_ports, strict=bool(plan.metrics_ports))
        ]
        page = [("page", f"http://{plan.page}/")] * bool(plan.page)
        collect = [("collector", f"http://{plan.collect}")] * bool(plan.collect)
        addresses = [("Kafka", plan.kafka_address), ("ClickHouse HTTP", f"http://{plan.http}"), *page, *collect]
        return [*addresses, *metrics, ("logs", str(self.supervisor.logs))]

    def _tell(self) -> None:
        """Write the addresses into the folder, for programs that want to look in."""
        import orjson

        path = self.plan.folder / "addresses.json"
        told = {**dict(self.addresses()), "group": self.settings.group}
        files.put(path, orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))

    async def ready(self) -> None:
        """Returns when ClickHouse's HTTP interface and every metrics address answer. Raises UnavailableError."""
        plan, metrics = self.plan, reached(self.plan.metrics_host)
        listening = [self._listening(port, metrics) for port in plan.metrics_ports]
        listening.append(self._listening(plan.http_port, reached(plan.http_host)))
        if plan.collect:
            host, port = parse_address(plan.collect, "WINBACK_COLLECT")
            listening.append(self._listening(port, reached(host)))
        await self.during(asyncio.ensure_future(asyncio.gather(*listening)))

    async def stop_workers(self) -> None:
        """Stop the stream workers; the other processes go on."""
        await self.supervisor.stop([name for name in self.supervisor.restarts if name.startswith("streams-")])

    async def during(self, work: asyncio.Future[T]) -> T:
        """The result of some work, awaited while the stack can run. Raises the error of the work or of the stack."""
        try:
            ends: set[asyncio.Future[Any]] = {work, self.supervisor.failed}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if self.supervisor.failed.done():
                self.supervisor.failed.result()
            return await work
        finally:
            work.cancel()

    async def _stop(self) -> None:
        await self.supervisor.stop([name for name in self.supervisor.restarts if name != "kafka"])
        await self.supervisor.stop()

    async def _topics(self) -> None:
        """Returns when the broker has every topic. Raises UnavailableError."""
        async with broker.admin(self.settings, wait=BROKER_WAIT) as client:
            await broker.create_topics(client, self.settings)
            if self.plan.kafka is None:
                # Each time it starts: the embedded broker does not keep it.
                await broker.make_none_unasked(client)

    async def _listening(self, port: int, host: str = ports.HOST) -> None:
        while not await asyncio.to_thread(ports.answers, port, host):  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(LOOK)

    def _env(self, metrics: str) -> dict[str, str]:
        return {
            **self.plan.env,
            "WINBACK_KAFKA": self.plan.kafka_address,
            "WINBACK_METRICS": metrics,
            "WINBACK_HTTP": address(self.plan.http_host, self.plan.http_port),
        }

    def _worker(self, at: int) -> Spec:
        name = f"streams-{at + 1}"
        state = {"WINBACK_STATE_DIR": str(self.plan.folder / "state" / name)}
        return Spec(name, (*WINBACK, "streams"), {**self._env(self.plan.metrics(at)), **state})

    def _sinks(self) -> Spec:
        dsn = {"WINBACK_CLICKHOUSE": f"chdb:///{(self.plan.folder / 'clickhouse').resolve().as_posix().lstrip('/')}"}
        return Spec("sinks", (*WINBACK, "sinks"), {**self._env(self.plan.metrics(self.plan.workers)), **dsn})

    def _dispatch(self) -> tuple[Spec, ...]:
        if not self.plan.dispatch:
            return ()
        env = {**self._env(self.plan.metrics(self.plan.workers + 1)), "WINBACK_DISPATCH_INSTANCE": "up"}
        return (Spec("dispatch", (*WINBACK, "dispatch"), env),)

    def _page(self) -> tuple[Spec, ...]:
        if not self.plan.page:
            return ()
        web = {
            "WINBACK_CLICKHOUSE": f"http://{self.plan.http}/winback",
            "WINBACK_PAGE": self.plan.page, "WINBACK_PAGE_PROCESSES": "",
        }  # fmt: skip
        return (Spec("page", (*WINBACK, "page", "--dir", str(self.plan.folder)), {**self._env(""), **web}),)

    def _collect(self) -> tuple[Spec, ...]:
        if not self.plan.collect:
            return ()
        env = {
            **self._env(self.plan.metrics(self.plan.workers + 1 + self.plan.dispatch)),
            "WINBACK_CLICKHOUSE": f"http://{self.plan.http}/winback",
            "WINBACK_COLLECT": self.plan.collect,
            "WINBACK_COLLECT_DIR": str(self.plan.folder / "collect"),
        }
        if self.plan.kafka is None:
            # What the embedded broker forgets when it is killed is sent again.
            env["WINBACK_COLLECT_KEEP"] = str(max(self.settings.collect_keep, FORGOTTEN))
        return (Spec("collect", (*WINBACK, "collect"), env),)


def _lock(place: Path) -> IO[str]:
    """The folder's lock, held while the stack runs. Raises UnavailableError when another stack runs there.

    One that has just been ended may need a moment to let go of it.
    """
    folder.prepare(place)
    try:
        held = (place / ".lock").open("w")
    except OSError as problem:
        raise UnavailableError(f"{place}: cannot be written ({problem.strerror}); choose another with --dir") from None
    until = time.monotonic() + LOCK_WAIT
    while True:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() < until:
                time.sleep(LOOK)  # no lock can be waited for with a limit
                continue
            held.close()
            raise UnavailableError(
                f"{place}: another winback runs there, or is being stopped; stop it, or choose another with --dir"
            ) from None
        return held
