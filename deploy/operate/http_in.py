"""What `winback collect` answers beside SDKs: callbacks of providers, webhooks of shops, and the shop's own API."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web

    from collector.intake import Intake
    from collector.service import Routes
    from schemas.settings import Settings


def asked_for(settings: Settings) -> tuple[Routes, ...]:
    """The makers of the routes that `settings` ask for.

    WINBACK_CALLBACKS asks for callbacks, WINBACK_UNSUBSCRIBE_URL (links) or WINBACK_API_KEYS (offers) for the API.
    """
    makers: list[Routes] = []
    if settings.callbacks is not None:
        makers.append(_callbacks)
    if settings.unsubscribe_url or settings.api_keys is not None:
        makers.append(_api)
    return tuple(makers)


def callbacks_told(settings: Settings) -> str:
    """Which providers may call, and at which public address. Raises BadInputError: one line for what is wrong."""
    from collector.callbacks.configuration import load
    from deploy.errors import BadInputError

    if settings.callbacks is None:
        return "none may call"
    try:
        found = load(settings.callbacks, os.environ)
    except ValueError as wrong:
        raise BadInputError(str(wrong)) from None
    names = sorted(f"{provider}/{name}" if name else provider for provider, name in found.by_path)
    return f"{', '.join(names)} at {found.url or 'whatever address they call'}"


def _callbacks(settings: Settings, intake: Intake) -> Sequence[web.RouteDef]:
    from collector.callbacks.configuration import load
    from collector.callbacks.metrics import CallbackMetrics
    from collector.callbacks.routes import routes
    from collector.metrics import REGISTRY

    if settings.callbacks is None:
        return ()
    return routes(intake, load(settings.callbacks, os.environ), CallbackMetrics(REGISTRY))


def _api(settings: Settings, intake: Intake) -> Sequence[web.RouteDef]:
    from collector.api.routes import ApiMetrics, routes
    from collector.metrics import REGISTRY
    from deploy.operate import offers
    from schemas.unsubscribe_links import UnsubscribeLinks

    links = UnsubscribeLinks(settings.secret.get_secret_value(), settings.unsubscribe_url)
    keys = () if settings.api_keys is None else settings.api_keys.get_secret_value().split()
    return routes(intake, ApiMetrics(REGISTRY), links=links, lookup=offers.lookup(settings), keys=keys)
