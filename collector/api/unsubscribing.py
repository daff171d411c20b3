"""Links to unsubscribe: the event that a press of the button makes, and the pages. Pure.

RFC 8058: mailboxes post `List-Unsubscribe=One-Click` for their customers; a GET does nothing, because scanners of mail
follow every link.
"""

from __future__ import annotations

from html import escape
from typing import Final, NamedTuple

import orjson

from collector.intake import RawEvent
from schemas import times
from schemas.names import UNSUBSCRIBED
from schemas.unsubscribe_links import Unsubscribing

FIELD: Final = "List-Unsubscribe"
ONE_CLICK: Final = "One-Click"
_MINUTE_MS: Final = 60_000


class Words(NamedTuple):
    """The texts of the pages in one language."""

    title: str
    question: str
    button: str
    done: str
    invalid: str


LANGUAGES: Final = {
    "en": Words("Unsubscribe", "Do you want to receive no more of these messages?", "Unsubscribe",
                "You are unsubscribed. You will receive no more of these messages.", "This link is not valid."),
    "de": Words("Abmelden", "Möchten Sie diese Nachrichten nicht mehr erhalten?", "Abmelden",
                "Sie sind abgemeldet. Sie erhalten diese Nachrichten nicht mehr.", "Dieser Link ist nicht gültig."),
    "fr": Words("Se désabonner", "Souhaitez-vous ne plus recevoir ces messages ?", "Se désabonner",
                "Vous êtes désabonné. Vous ne recevrez plus ces messages.", "Ce lien n'est pas valide."),
    "es": Words("Darse de baja", "¿Quiere dejar de recibir estos mensajes?", "Darse de baja",
                "Se ha dado de baja. Ya no recibirá estos mensajes.", "Este enlace no es válido."),
    "it": Words("Annulla iscrizione", "Non vuole più ricevere questi messaggi?", "Annulla iscrizione",
                "L'iscrizione è annullata. Non riceverà più questi messaggi.", "Questo link non è valido."),
}  # fmt: skip
HEADERS: Final = {
    "Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
}  # fmt: skip
"""Of every page: nothing is loaded, and the link goes nowhere else."""
_STYLE: Final = (
    "body{font:1.125rem/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1rem;color:#1a1a1a;"
    "background:#fff}button{font:inherit;padding:.75rem 1.5rem;border:0;border-radius:.5rem;background:#1a1a1a;"
    "color:#fff;cursor:pointer}button:focus-visible{outline:3px solid #06c;outline-offset:3px}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#eee}button{background:#eee;color:#111}}"
)


def event(said: Unsubscribing, now: int) -> RawEvent:
    """The customer of a message wants no more on its channel; `now` is epoch milliseconds.

    A post that is repeated within a minute is one word; a later one may come after the customer has subscribed again.
    """
    value = {
        "type": "track", "event": UNSUBSCRIBED, "timestamp": times.iso(now),
        "messageId": f"unsubscribe:{said.channel}:{said.message_id}:{now // _MINUTE_MS}",
        "properties": {"message_id": said.message_id, "channel": said.channel},
    }  # fmt: skip
    return RawEvent(said.channel, orjson.dumps(value))


def language(accepted: str) -> str:
    """The first language that is `accepted` (a header) and that there are pages in, else English."""
    for one in accepted[:200].split(","):
        known = one.strip()[:2].lower()
        if known in LANGUAGES:
            return known
    return "en"


def question(code: str) -> str:
    """The page of a GET, in the language of this `code`: a button, which posts to the page's own address."""
    words = LANGUAGES[code]
    form = (
        f'<p>{escape(words.question)}</p><form method="post"><input type="hidden" name="{FIELD}" value="{ONE_CLICK}">'
        f'<button type="submit">{escape(words.button)}</button></form>'
    )
    return _page(code, form)


def done(code: str) -> str:
    """The page after the button, in the language of this `code`."""
    return _page(code, f'<p role="status">{escape(LANGUAGES[code].done)}</p>')


def invalid(code: str) -> str:
    """The page of a link that was not made here, in the language of this `code`."""
    return _page(code, f'<p role="alert">{escape(LANGUAGES[code].invalid)}</p>')


def _page(code: str, inside: str) -> str:
    title = escape(LANGUAGES[code].title)
    return (
        f'<!doctype html><html lang="{code}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><main><h1>{title}</h1>{inside}</main></body></html>"
    )
