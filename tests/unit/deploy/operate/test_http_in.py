"""The one process of HTTP in answers what its settings ask for, and nothing else."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from collector import service
from deploy.errors import BadInputError
from deploy.operate.http_in import asked_for, callbacks_told
from schemas.settings import Settings
from schemas.unsubscribe_links import UnsubscribeLinks
from tests.support.callback_bodies import MID

TOLD = {"RecordType": "Delivery", "MessageID": "1", "Recipient": "a@x.example", "DeliveredAt": "2026-11-30T10:00:00Z"}
PUBLIC = "https://events.shop.example/v1/unsubscribe"
LOGIN = {"Authorization": "Basic " + b64encode(b"user:word").decode()}
SECRET = "winback-development"  # noqa: S105


@asynccontextmanager
async def collecting(folder: Path, **given: Any):
    """A client of a collector of these settings, whose Kafka is away."""
    settings = Settings(
        kafka="127.0.0.1:1", metrics="", secret=SECRET, collect="127.0.0.1:0", collect_dir=folder / "spool", **given
    )
    stopped, address = asyncio.Event(), asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        service.serve(
            settings, stopped, asked_for(settings), lambda host, port: address.set_result(f"http://{host}:{port}")
        )
    )
    await asyncio.wait({serving, address}, return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        serving.result()
    async with aiohttp.ClientSession(await address) as client:
        try:
            yield client
        finally:
            stopped.set()
            await serving


async def test_callbacks_and_links_are_answered_while_kafka_is_away(tmp_path, monkeypatch):
    """A callback that is signed and a click on a signed link are kept on disk and answered; an unsigned one is not."""
    monkeypatch.setenv("POSTMARK", "user:word")
    (tmp_path / "callbacks.yaml").write_text("callbacks:\n  postmark: {secrets: ['env:POSTMARK']}\n")
    link = UnsubscribeLinks(SECRET, PUBLIC).of(MID, "email").removeprefix("https://events.shop.example")
    async with collecting(tmp_path, callbacks=tmp_path / "callbacks.yaml", unsubscribe_url=PUBLIC) as client:
        async with client.post("/callbacks/postmark", json=TOLD, headers=LOGIN) as answer:
            assert answer.status == 200, await answer.text()
        async with client.post("/callbacks/postmark", json=TOLD) as answer:
            assert answer.status == 401
        async with client.post(link, data={"List-Unsubscribe": "One-Click"}) as answer:
            assert answer.status == 200, await answer.text()
        async with client.get("/v1/offers/CODE") as answer:
            assert answer.status == 404, "nobody has a key for offers"
    kept = b"".join(path.read_bytes() for path in (tmp_path / "spool").iterdir() if path.is_file())
    assert b"Email Delivered" in kept
    assert b"Unsubscribed" in kept


async def test_without_keys_and_without_callbacks_it_does_not_start(tmp_path):
    """A collector that would take nothing says which setting is missing."""
    with pytest.raises(ValueError, match="WINBACK_COLLECT_KEYS"):
        async with collecting(tmp_path):
            pass


def test_doctor_says_who_may_call(tmp_path, monkeypatch):
    """The names of the file and no secret; one line for a file that cannot be used."""
    path = tmp_path / "callbacks.yaml"
    assert callbacks_told(Settings()) == "none may call"
    path.write_text(
        "{url: 'https://e.example', callbacks: {postmark: {secrets: ['env:P']}, mailgun/eu: {secrets: [k]}}}"
    )
    with pytest.raises(BadInputError, match="the variable P is not set"):
        callbacks_told(Settings(callbacks=path))
    monkeypatch.setenv("P", "user:word")
    assert callbacks_told(Settings(callbacks=path)) == "mailgun/eu, postmark at https://e.example"
