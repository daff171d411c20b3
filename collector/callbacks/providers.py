"""The providers whose callbacks are read, by the name that stands in the address."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Final, NamedTuple

from collector.callbacks import mailgun, postmark, sendgrid, ses, shopify, sns, standard_webhooks, twilio, woocommerce
from collector.callbacks.events import Reading
from collector.callbacks.request import Request

LARGEST: Final = 8 * 1024 * 1024
"""Bytes of a body, at most."""
_SMALL: Final = 1024 * 1024
"""The same of providers whose signature is inside the body, which has to be read before anybody is known."""


class Provider(NamedTuple):
    """How the requests of one provider are checked and read. All of it is pure."""

    name: str
    channel: str
    """Where what cannot be read is kept: on its way to the dead letters."""
    verify: Callable[[Request, str], None]
    """Raises UnsignedError unless the request is signed with the secret."""
    read: Callable[[Request], Reading]
    """Raises UnreadableError."""
    known_by: Callable[[Request], str]
    """What a verified request has again when it is played back."""
    check_secret: Callable[[str], None] | None = None
    """Raises ValueError for what cannot be a secret."""
    extra: str = ""
    """The package that it needs, of the extra `callbacks`."""
    certificate: Callable[[Request, Sequence[str]], str] | None = None
    """Where the certificate is that a request is signed with. Raises UnsignedError."""
    confirmation: Callable[[Request], str | None] | None = None
    """The address to get before anything is sent here, of a verified request. Raises UnsignedError."""
    is_ping: Callable[[Request], bool] | None = None
    """Whether a request only asks whether anybody is there, unsigned."""
    largest: int = LARGEST
    """Bytes of a body, at most."""

    def is_installed(self) -> bool:
        """Whether the package that it needs is there."""
        return not self.extra or find_spec(self.extra) is not None


PROVIDERS: Final = {
    one.name: one
    for one in (
        Provider(
            sendgrid.NAME, sendgrid.CHANNEL, sendgrid.verify, sendgrid.read, sendgrid.known_by,
            sendgrid.check_secret, sendgrid.EXTRA,
        ),
        Provider(
            mailgun.NAME, mailgun.CHANNEL, mailgun.verify, mailgun.read, mailgun.known_by, largest=_SMALL,
        ),
        Provider(
            postmark.NAME, postmark.CHANNEL, postmark.verify, postmark.read, postmark.known_by, postmark.check_secret
        ),
        Provider(
            ses.NAME, ses.CHANNEL, sns.verify, ses.read, sns.known_by, sns.check_secret, sns.EXTRA,
            certificate=sns.certificate_url, confirmation=sns.confirmation, largest=_SMALL,
        ),
        Provider(
            twilio.NAME, twilio.CHANNEL, twilio.verify, twilio.read, twilio.known_by, extra=twilio.EXTRA,
        ),
        Provider(
            standard_webhooks.NAME, standard_webhooks.CHANNEL, standard_webhooks.verify, standard_webhooks.read,
            standard_webhooks.known_by, standard_webhooks.check_secret, standard_webhooks.EXTRA,
        ),
        Provider(shopify.NAME, shopify.CHANNEL, shopify.verify, shopify.read, shopify.known_by),
        Provider(
            woocommerce.NAME, woocommerce.CHANNEL, woocommerce.verify, woocommerce.read, woocommerce.known_by,
            is_ping=woocommerce.is_ping,
        ),
    )
}  # fmt: skip
"""By name."""
