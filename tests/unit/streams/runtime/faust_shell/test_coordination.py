"""What a worker says to its group coordinator: a refused commit decides nothing, a heartbeat does."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from aiokafka import errors as kafka
from faust.types import TP

from streams.runtime.errors import CommitFailedError, GroupMovedError, LostMembershipError
from streams.runtime.faust_shell.coordination import commit, watch_errors, watch_heartbeats


async def test_heartbeats_are_heard():
    """An answered heartbeat counts as life, one that reset the member as the end of its generation."""
    heard: list[str] = []
    fake = SimpleNamespace(beat=lambda: heard.append("beat"), move=lambda: heard.append("move"))
    answers = [(True, 4), (False, 4), (False, -1)]

    async def send() -> bool:
        answered, coordinator.generation = answers[len(heard_calls)]
        heard_calls.append(answered)
        return answered

    heard_calls: list[bool] = []
    coordinator = SimpleNamespace(_do_heartbeat=send, generation=4)
    watch_heartbeats(coordinator, fake)
    for _ in answers:
        await coordinator._do_heartbeat()
    assert heard == ["beat", "move"]


class Coordinator:
    """Answers commits with error codes, one after another."""

    group_id, generation, member_id = "g", 3, "m"

    def __init__(self, *codes: int | Exception) -> None:
        self.codes = list(codes)
        self.sent: list = []
        self.rejoins = 0
        self.lost = 0

    async def ensure_coordinator_known(self) -> None:
        pass

    async def _send_req(self, request):
        self.sent.append(request)
        code = self.codes.pop(0)
        if isinstance(code, Exception):
            raise code
        return SimpleNamespace(topics=[("t", [(0, 0), (1, code)])])

    def request_rejoin(self) -> None:
        self.rejoins += 1

    def coordinator_dead(self) -> None:
        self.lost += 1


OFFSETS = {TP("t", 0): 5, TP("t", 1): 7}


async def test_a_commit_is_tried_again_while_the_coordinator_is_away():
    """Errors that pass are waited out, and the commit goes out as the member and generation we are."""
    coordinator = Coordinator(kafka.KafkaConnectionError("gone"), 14, 16, 0)
    await commit(coordinator, OFFSETS, lambda: None, again=0.0)
    request = coordinator.sent[-1]
    assert (request._consumer_group_generation_id, request._consumer_id) == (3, "m")
    assert request._topics == [("t", [(0, 5, ""), (1, 7, "")])]
    assert coordinator.lost == 1


@pytest.mark.parametrize("code", [22, 25, 27])
async def test_a_refused_generation_is_not_forgotten_membership(code):
    """IllegalGeneration, UnknownMember, RebalanceInProgress: the group moved on; join again, as who we are."""
    coordinator = Coordinator(code)
    with pytest.raises(GroupMovedError):
        await commit(coordinator, OFFSETS, lambda: None)
    assert coordinator.rejoins == 1
    assert coordinator.generation == 3


async def test_a_commit_refused_for_good_fails():
    """What trying again will not mend is an error with the offsets in it."""
    with pytest.raises(CommitFailedError, match="t-0:5, t-1:7"):
        await commit(Coordinator(30), OFFSETS, lambda: None)


async def test_no_commit_without_membership():
    """The guard is asked before each try."""

    def guard() -> None:
        raise LostMembershipError("silent")

    coordinator = Coordinator(0)
    with pytest.raises(LostMembershipError):
        await commit(coordinator, OFFSETS, guard)
    assert coordinator.sent == []


async def test_errors_of_the_coordinator_are_asked_for():
    """An error that aiokafka keeps for whoever polls next reaches the worker."""

    def check_errors() -> None:
        raise kafka.GroupAuthorizationFailedError("g")

    failed: list[BaseException] = []
    await watch_errors(SimpleNamespace(check_errors=check_errors), failed.append)
    assert "GroupAuthorizationFailedError" in str(failed[0])
