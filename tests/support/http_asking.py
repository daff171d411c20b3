"""Raw requests to ClickHouse's HTTP interface."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

Ask = Callable[..., Any]


@asynccontextmanager
async def asking(address: tuple[str, int], *, unpacks: bool = True) -> AsyncIterator[Ask]:
    """`ask(method, path, **options)`: status, headers and body of a request to the interface at an address.

    Unless it `unpacks`, the body is as it was sent, whatever its Content-Encoding.
    """
    base = f"http://{address[0]}:{address[1]}"
    async with aiohttp.ClientSession(auto_decompress=unpacks) as session:

        async def request(method: str, path: str = "/", **options: Any) -> tuple[int, Any, bytes]:
            async with session.request(method, base + path, **options) as response:
                return response.status, response.headers, await response.read()

        yield request
