"""Switching campaigns: who has to answer before it is done."""

from __future__ import annotations

import orjson
import pytest

from deploy.errors import BadInputError, UnavailableError
from deploy.operate import campaign_switch
from deploy.operate.person import requests
from schemas.settings import Settings
from streams.campaigns import load
from streams.core.protocol.link_log import SwitchCampaigns


def test_identify_and_every_partition_have_to_answer():
    """In any order, repeats and others' receipts passed over; the moment is identify's."""
    receipts = campaign_switch.Receipts(2)

    def answer(**given):
        receipts.take(orjson.dumps({"k": "receipt", "request": receipts.request, **given}))

    assert receipts.waiting == ["identify"]
    answer(agent="journey", partition=1)
    receipts.take(orjson.dumps({"k": "receipt", "request": "other", "agent": "identify", "at": "x"}))
    receipts.take(None)
    assert receipts.waiting == ["identify"]
    answer(agent="identify", at="2026-11-21T12:00:00.000Z")
    assert receipts.waiting == ["partition 0"]
    answer(agent="journey", partition=1)
    answer(agent="journey", partition=0)
    assert receipts.waiting == []
    assert receipts.at == "2026-11-21T12:00:00.000Z"


async def test_partitions_that_refuse_are_told(monkeypatch):
    """Workers that cannot read the file go on as before, and the command fails."""

    async def answered(settings, notice, answers, *, seconds):
        for more in ({"agent": "identify", "at": "x"}, *({"agent": "journey", "partition": p} for p in range(3))):
            answers.take(orjson.dumps({"k": "receipt", "request": answers.request, **more}))
        assert answers.waiting == ["partition 3"]
        more = {"agent": "journey", "partition": 3, "refused": True}
        answers.take(orjson.dumps({"k": "receipt", "request": answers.request, **more}))
        assert answers.waiting == []

    monkeypatch.setattr(requests, "publish_and_wait", answered)
    with pytest.raises(UnavailableError, match="1 of 4 partitions cannot read"):
        await campaign_switch.apply(Settings(partitions=4), load(None), seconds=1)


async def test_the_request_holds_the_whole_file(monkeypatch):
    """Version and content, which make the same campaigns again; what no record can hold is refused."""
    asked = []

    async def answered(settings, notice, answers, *, seconds):
        asked.append(notice)

    monkeypatch.setattr(requests, "publish_and_wait", answered)
    campaigns = load(None)
    await campaign_switch.apply(Settings(), campaigns, seconds=1)
    assert isinstance(asked[0], SwitchCampaigns)
    again = type(campaigns).load(orjson.loads(orjson.dumps(asked[0].content)))
    assert again.version == asked[0].version == campaigns.version
    with pytest.raises(BadInputError, match="100 fit"):
        await campaign_switch.apply(Settings(), campaigns, seconds=1, largest=100)
