"""Offer codes, looked up in ClickHouse."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from collector.api.offers import code_of

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from collector.api.routes import Lookup
    from schemas.settings import Settings


def find(client: Client, code: str) -> dict[str, Any] | None:
    """The row of `v_offers` of a `code`, in any case; None for a code that no message has carried."""
    rows = client.query("SELECT * FROM v_offers WHERE code = %(code)s", parameters={"code": code_of(code)})
    return next(iter(rows.named_results()), None)


def lookup(settings: Settings, *, wait: float = 2.0) -> Lookup:
    """What looks codes up for the API, each over a connection of its own, tried for `wait` seconds.

    It raises `collector.api.routes.UnavailableError`.
    """
    from collector.api import routes
    from sinks.clickhouse import errors
    from sinks.clickhouse.client import connect

    def asked(code: str) -> dict[str, Any] | None:
        try:
            client = connect(settings)
            try:
                return find(client, code)
            finally:
                client.close()
        except (errors.UnavailableError, errors.SchemaError, *errors.CLIENT_ERRORS) as failed:
            raise routes.UnavailableError from failed

    async def ask(code: str) -> dict[str, Any] | None:
        try:
            return await asyncio.wait_for(asyncio.to_thread(asked, code), wait)
        except TimeoutError:
            raise routes.UnavailableError from None

    return ask
