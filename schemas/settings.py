"""Settings of every process, from the environment (`WINBACK_*`) alone; secrets are masked wherever they are printed."""

from __future__ import annotations

import ssl
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas import unsubscribe_links
from schemas.topics import DEFAULT_PARTITIONS, source_named


class Settings(BaseSettings):
    """One model for all processes, so that `winback doctor` shows what each of them would use.

    Kafka security settings carry aiokafka's names: `WINBACK_SECURITY_PROTOCOL`, `WINBACK_SASL_MECHANISM`, ...
    """

    model_config = SettingsConfigDict(env_prefix="WINBACK_", extra="ignore", frozen=True)

    kafka: str = Field("127.0.0.1:9092", description="bootstrap servers, host:port[,host:port]")
    clickhouse: SecretStr = Field(
        SecretStr("http://127.0.0.1:8123/winback"), description="clickhouse-connect DSN; chdb:///dir when embedded"
    )
    campaigns: Path | None = Field(None, description="campaigns YAML; the built-in one when unset")
    secret: SecretStr = Field(SecretStr("winback-development"), description="keys the identifier hashes; set your own")
    clock: Literal["wall", "event"] = Field("wall", description="event: only event times and a declared end move time")
    lateness: float = Field(30.0, ge=0, description="seconds an event may come late and still be in order (wall clock)")
    partitions: int = Field(DEFAULT_PARTITIONS, ge=1, le=1024, description="partitions of every many-partition topic")
    optional_sources: str = Field("", description="topics, or topic:partition, that never hold time; comma separated")
    steady_sources: str = Field("", description="the same of those whose silence is a lag: they always send something")
    replication: int = Field(1, ge=1, description="replication factor of topics made by `winback topics`")
    group: str = Field("winback", description="Kafka consumer group of the stream workers; sinks append `-sinks`")
    state_dir: Path = Field(Path(".winback/state"), description="where a worker keeps its RocksDB state")
    state: Literal["rocksdb", "memory"] = Field("rocksdb", description="state backend of a worker")
    commit_interval: float = Field(1.0, gt=0, description="seconds between units of a partition")
    stall_timeout: float = Field(120.0, gt=0, description="seconds without progress before a worker exits")
    metrics: str = Field("127.0.0.1:9464", description="host:port of Prometheus metrics; empty turns them off")
    http: str = Field("127.0.0.1:8123", description="host:port of ClickHouse's HTTP interface while embedded")
    http_password: SecretStr | None = Field(None, description="password of that interface; a must where not loopback")
    http_admin: Path = Field(
        Path(".winback/clickhouse.admin"), description="file with the password to write with there"
    )
    http_max_body: int = Field(16 * 1024**2, ge=1024, description="bytes of a reader's request, packed or unpacked")
    http_max_answer: int = Field(100 * 1024**2, ge=1024, description="bytes of an answer to a reader")
    http_max_memory: int = Field(4 * 1024**3, ge=1024**2, description="bytes of memory of one query of a reader")
    http_max_seconds: float = Field(120.0, gt=0, description="seconds that one query of a reader may take")
    page: str = Field("127.0.0.1:8088", description="host:port of the live page; empty: `winback up` serves none")
    page_processes: str = Field("", description="metrics the page reads: name=host:port, comma separated")
    aliases: Path | None = Field(None, description="YAML file of the shop's own names of events and properties")
    timezone: str = Field("UTC", description="the shop's time zone: whose days and hours the views have")
    outcome_days: int = Field(7, ge=1, le=365, description="days after a first decision whose orders are its outcome")
    phone_region: str = Field("US", min_length=2, max_length=2, description="region of phone numbers without +code")
    blocked: str = Field("", description="values that are no identifier, besides the built-in ones; comma separated")
    no_referrers: str = Field("", description="hosts that are no referrals, besides those that ship; comma separated")
    device_policy: Literal["latest", "first"] = Field("latest", description="who keeps a device that changes hands")
    profile_limit: int = Field(200, ge=2, description="identifiers a profile may hold")
    squash: bool = Field(True, description="sinks: make one part of each month in ClickHouse that is quiet by now")
    squash_interval: float = Field(3600.0, gt=0, description="seconds between looks at whether that is worth it")
    # HTTP in (`winback collect`): callbacks of providers, offers, and links to unsubscribe.
    callbacks: Path | None = Field(None, description="YAML file of the providers that may call, with their secrets")
    api_keys: SecretStr | None = Field(None, description="keys that may ask for offers by HTTP, blanks between them")
    unsubscribe_url: str = Field("", description="public address of /v1/unsubscribe; signed links lead there")
    # Delivery (`winback dispatch`): a channel without an address is off.
    dispatch: bool = Field(False, description="`winback up` also runs a dispatcher")
    dispatch_smtp: str = Field("", description="host:port that takes e-mail; empty: no e-mail")
    dispatch_smtp_tls: Literal["starttls", "tls", "none"] = Field("starttls", description="TLS of that connection")
    dispatch_smtp_cafile: Path | None = Field(None, description="certificates to trust there; the system's when unset")
    dispatch_smtp_username: str | None = None
    dispatch_smtp_password: SecretStr | None = None
    dispatch_from: str = Field("", description="sender of e-mail: Name <address>")
    dispatch_reply_to: str = Field("", description="where answers to e-mail go, if not to the sender")
    dispatch_unsubscribe: str = Field("", description="List-Unsubscribe: a URL, {message_id} is filled in")
    dispatch_provider: Literal["", "sendgrid", "mailgun", "postmark", "ses"] = Field(
        "", description="who takes e-mail: told by a header which message its callbacks are to name"
    )
    dispatch_bounces: str = Field("", description="envelope sender: bounces@domain; it gets +message_id (VERP)")
    dispatch_feedback_id: str = Field("", description="sender in Feedback-ID; its domain when empty")
    dispatch_dkim_key: Path | None = Field(None, description="RSA private key (PEM) that signs e-mail; unset: no DKIM")
    dispatch_dkim_selector: str = Field("winback", description="DKIM selector: the name before ._domainkey in DNS")
    dispatch_dkim_domain: str = Field("", description="DKIM domain; that of the sender when empty")
    dispatch_per_domain: int = Field(0, ge=0, description="mails a minute to one recipient domain, a process; 0: any")
    dispatch_sms_url: SecretStr | None = Field(None, description="webhook that sends SMS; unset: no SMS")
    dispatch_push_url: SecretStr | None = Field(None, description="webhook that sends push notifications")
    dispatch_messenger_url: SecretStr | None = Field(
        None, description="webhook that sends to WhatsApp, Viber, Telegram and the like"
    )
    dispatch_ads_url: SecretStr | None = Field(None, description="webhook that takes members of ad audiences")
    dispatch_broadcast_url: SecretStr | None = Field(None, description="webhook that changes billboards")
    dispatch_audiences: SecretStr | None = Field(None, description="webhooks of audiences: name=URL name=URL")
    dispatch_audience_batch: int = Field(5_000, ge=1, le=10_000, description="most members of an audience a request")
    dispatch_audience_wait: float = Field(60.0, ge=0, description="most seconds until a change of an audience is told")
    dispatch_webhook_secret: SecretStr | None = Field(None, description="signs webhook requests; whsec_... or any text")
    dispatch_timeout: float = Field(30.0, gt=0, description="seconds to wait for one answer of a server")
    dispatch_concurrency: int = Field(8, ge=1, description="messages a channel sends at the same time")
    dispatch_waiting: int = Field(1_000, ge=1, description="messages a dispatcher holds before it stops reading")
    dispatch_attempts: int = Field(14, ge=1, description="tries of a message that its own address defers")
    dispatch_deferred_pause: float = Field(60.0, gt=0, description="seconds before its second; doubled after each")
    dispatch_longest_deferred_pause: float = Field(3_600.0, gt=0, description="most seconds between two of them")
    dispatch_pause: float = Field(1.0, gt=0, description="seconds until a failed channel is tried again; doubled")
    dispatch_longest_pause: float = Field(300.0, gt=0, description="most seconds between two such tries")
    dispatch_failures: int = Field(5, ge=1, description="failures in a row that open a channel's circuit breaker")
    dispatch_open: float = Field(10.0, gt=0, description="seconds before an open breaker tries one message; doubled")
    dispatch_instance: str = Field("", description="lasting name of a process: it has its partitions back at once")

    # HTTP in (`winback collect`): SDKs, and whatever else becomes events.
    collect: str = Field("", description="host:port that takes events of SDKs; empty: `winback up` takes none")
    collect_keys: Path | None = Field(None, description="YAML file of write keys: source, channel and rights of each")
    collect_dir: Path = Field(Path(".winback/collect"), description="where events wait on disk until Kafka has them")
    collect_spool: int = Field(1024**3, ge=1024**2, description="most bytes that wait there; then 503 is answered")
    collect_max_body: int = Field(4 * 1024**2, ge=1024, le=7 * 1024**2, description="bytes of a body, packed or not")
    collect_keep: float = Field(10.0, ge=0, description="seconds that events stay there after Kafka has them")

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_json: bool = Field(False, description="log lines as JSON")

    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    sasl_plain_username: str | None = None
    sasl_plain_password: SecretStr | None = None
    ssl_cafile: Path | None = None
    ssl_certfile: Path | None = None
    ssl_keyfile: Path | None = None
    ssl_password: SecretStr | None = None

    @field_validator("secret")
    @classmethod
    def _a_secret(cls, value: SecretStr) -> SecretStr:
        """As given, with blanks at its ends: only nothing is no secret, and what has no UTF-8 bytes."""
        if not value.get_secret_value().strip():
            raise ValueError(
                "is empty: it keys the identifier hashes; set the secret that your state was made with, or, for a new "
                "installation, a long random text (such as `openssl rand -hex 32` makes)"
            )
        try:
            value.get_secret_value().encode()
        except UnicodeEncodeError:
            raise ValueError("is not UTF-8 text") from None
        return value

    @field_validator("timezone")
    @classmethod
    def _a_zone(cls, value: str) -> str:
        """Its name in the IANA list: views are made with it, and ClickHouse knows no other."""
        from schemas.zones import zone_named  # noqa: PLC0415 - takes a while, and most commands need none

        found = "UTC" if value == "UTC" else zone_named(value)
        if found is None or found[0] in "+-":
            raise ValueError(f"{value!r} is no time zone of the IANA list, such as Europe/Berlin")
        return found

    @field_validator("kafka")
    @classmethod
    def _addresses(cls, value: str) -> str:
        for one in value.split(","):
            if not _is_address(one.strip()):
                raise ValueError(f"{one!r} is no address; host:port[,host:port] is needed")
        return value

    @field_validator("unsubscribe_url")
    @classmethod
    def _an_unsubscribe_url(cls, value: str) -> str:
        unsubscribe_links.check_address(value.strip())
        return value.strip()

    @model_validator(mode="after")
    def _credentials(self) -> Self:
        if self.security_protocol.startswith("SASL") and not (self.sasl_plain_username and self.sasl_plain_password):
            raise ValueError(
                f"WINBACK_SECURITY_PROTOCOL={self.security_protocol} needs WINBACK_SASL_PLAIN_USERNAME and "
                "WINBACK_SASL_PLAIN_PASSWORD"
            )
        return self

    @field_validator("optional_sources", "steady_sources")
    @classmethod
    def _of_sources(cls, value: str, known: ValidationInfo) -> str:
        _sources(value, int(known.data.get("partitions", DEFAULT_PARTITIONS)))
        return value

    def optional(self) -> tuple[tuple[str, int | None], ...]:
        """`optional_sources` as (topic, partition), None for all partitions."""
        return _sources(self.optional_sources, self.partitions)

    def steady(self) -> tuple[tuple[str, int | None], ...]:
        """`steady_sources` as (topic, partition), None for all partitions."""
        return _sources(self.steady_sources, self.partitions)

    def blocked_values(self) -> tuple[str, ...]:
        """`blocked` as single values."""
        return tuple(value.strip() for value in self.blocked.split(",") if value.strip())

    def no_referrer_hosts(self) -> tuple[str, ...]:
        """`no_referrers` as single hosts."""
        return tuple(host.strip() for host in self.no_referrers.split(",") if host.strip())

    def ssl_context(self) -> ssl.SSLContext | None:
        """A TLS context when the protocol asks for one, else None. Raises OSError for an unreadable file."""
        if "SSL" not in self.security_protocol:
            return None
        context = ssl.create_default_context(cafile=str(self.ssl_cafile) if self.ssl_cafile else None)
        if self.ssl_certfile:
            password = self.ssl_password.get_secret_value() if self.ssl_password else None
            key = str(self.ssl_keyfile) if self.ssl_keyfile else None
            context.load_cert_chain(str(self.ssl_certfile), key, password)
        return context

    def aiokafka(self) -> dict[str, Any]:
        """The keyword arguments that every aiokafka client is made with. Raises OSError for an unreadable TLS file."""
        options: dict[str, Any] = {"bootstrap_servers": self.kafka, "security_protocol": self.security_protocol}
        if (context := self.ssl_context()) is not None:
            options["ssl_context"] = context
        if self.security_protocol.startswith("SASL"):
            options["sasl_mechanism"] = self.sasl_mechanism
            options["sasl_plain_username"] = self.sasl_plain_username
            options["sasl_plain_password"] = (
                self.sasl_plain_password.get_secret_value() if self.sasl_plain_password else None
            )
        return options


def _is_address(text: str) -> bool:
    """Whether it is host, host:port or an IPv6 address, with brackets or without."""
    try:
        ip_address(text.strip("[]"))
    except ValueError:
        host, colon, port = text.rpartition(":") if ":" in text else (text, "", "")
        if colon and not (port.isascii() and port.isdigit() and 0 < int(port) < 1 << 16):
            return False
        return bool(host) and (":" not in host or host.endswith("]"))
    return True


def _sources(text: str, partitions: int) -> tuple[tuple[str, int | None], ...]:
    return tuple(source_named(one, partitions) for one in text.split(",") if one.strip())
