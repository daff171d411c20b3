"""Where a stack listens, and which broker it uses: options first, then variables, then what is built in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from deploy import ports
from deploy.errors import BadInputError
from infra.addresses import is_loopback, parse_address

if TYPE_CHECKING:
    from schemas.settings import Settings

KAFKA_PORT: Final = 9092
WILDCARDS: Final = frozenset({"0.0.0.0", "::", "*"})  # noqa: S104 - told apart, not listened on


class Listening(NamedTuple):
    """`kafka` is None for the embedded broker, else as --kafka says it; without `metrics` none are served."""

    kafka: str | None
    kafka_port: int
    http: tuple[str, int]
    metrics: tuple[str, int] | None


def where(
    settings: Settings, *, kafka: str | None, kafka_port: int | None, http_port: int | None, metrics_port: int | None
) -> Listening:
    """What `up` does by its `settings` and by its options `kafka`, `kafka_port`, `http_port`, `metrics_port` (or None).

    A WINBACK_KAFKA that is one address of this machine says where a broker of `up`'s own listens; any other names the
    broker to use. Raises BadInputError.
    """
    named = settings.kafka if kafka is None and kafka_port is None and "kafka" in settings.model_fields_set else None
    try:
        host, port = parse_address(settings.http, "WINBACK_HTTP")
        metrics = parse_address(settings.metrics, "WINBACK_METRICS") if settings.metrics else None
        own = KAFKA_PORT if kafka_port is None else kafka_port
        if named is not None:
            kafka, own = _broker(named)
        elif kafka == "apache" and kafka_port is None and "kafka" in settings.model_fields_set:
            own = _broker(settings.kafka)[1]
    except ValueError as wrong:
        raise BadInputError(str(wrong)) from None
    if metrics_port is not None:
        metrics = (ports.HOST if metrics is None else metrics[0], metrics_port)
    return Listening(kafka, own, (host, http_port or port), metrics)


def _broker(address: str) -> tuple[str | None, int]:
    """The broker to use, None for one of our own, and the port of that."""
    if "," not in address:
        host, port = parse_address(address, "WINBACK_KAFKA")
        if is_loopback(host):
            return None, port
    return address, KAFKA_PORT


def reached(host: str) -> str:
    """The name by which programs of this machine reach what listens on a `host`."""
    return ports.HOST if host in WILDCARDS else host
