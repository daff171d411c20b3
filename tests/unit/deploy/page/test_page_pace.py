"""When the page asks ClickHouse again, and what it may take from the sinks."""

from __future__ import annotations

from deploy.page.pace import SHARE, Account, Pace
from deploy.page.questions import Question

ORDERS = Question("orders", "", frozenset({"orders"}), every=60, longest=900, shown=list)


def asked(pace: Pace, at: float, took: float, rows: dict[str, float] | None, *, failed: bool = False) -> None:
    """The question has been asked."""
    pace.asked(ORDERS, at, took, rows, failed=failed)


def test_a_first_answer_is_not_waited_for() -> None:
    """A page that was just opened asks at once, whatever it costs."""
    assert Pace().due(ORDERS, 0, {})


def test_nothing_is_asked_that_cannot_have_changed() -> None:
    """However long ago: while no row was written to its tables, a question rests."""
    pace = Pace(Account(1.0))
    asked(pace, 0, 0.01, {"orders": 5, "events": 7})
    pace.account.credit(1_000)
    assert not pace.due(ORDERS, 1e6, {"orders": 5, "events": 900})
    assert pace.due(ORDERS, 61, {"orders": 6, "events": 900})


def test_a_question_rests_for_its_time() -> None:
    """What was written at once is not asked for at once."""
    pace = Pace(Account(1.0))
    asked(pace, 0, 0.01, {"orders": 5})
    pace.account.credit(1_000)
    assert not pace.due(ORDERS, 59, {"orders": 6})
    assert pace.due(ORDERS, 60, {"orders": 6})


def test_questions_take_their_share_of_the_sinks_processor_time() -> None:
    """Over an hour in which rows come all the time, questions take no more than the share, and nearly all of it."""
    pace, spent = Pace(), 0.0
    for second in range(3_600):
        pace.account.credit(0.2 * second)
        if pace.due(ORDERS, second, {"orders": second}):
            asked(pace, second, 0.4, {"orders": second})
            spent += 0.4
    assert 0.8 * SHARE * 720 < spent <= SHARE * 720 + 0.4


def test_a_question_that_is_not_covered_waits_for_its_longest_time_only() -> None:
    """Where hardly anything is written, its share would never be enough."""
    pace = Pace()
    pace.account.credit(1)
    asked(pace, 0, 5.0, {"orders": 5})
    pace.account.credit(2)
    assert not pace.due(ORDERS, 899, {"orders": 6})
    assert pace.due(ORDERS, 900, {"orders": 6})


def test_an_empty_answer_is_asked_for_again_soon() -> None:
    """Before the first order there was nothing to tell; once there is, nobody waits for the longest time."""
    pace = Pace()
    pace.account.credit(1)
    pace.asked(ORDERS, 0, 5.0, {"orders": 0}, empty=True)
    assert not pace.due(ORDERS, 119, {"orders": 6})
    assert pace.due(ORDERS, 120, {"orders": 6})
    assert not pace.due(ORDERS, 120, {"orders": 0})


def test_without_the_sinks_numbers_the_time_it_took_sets_the_pace() -> None:
    """Where nobody says what the sinks used, a question rests a hundred times as long as it took."""
    pace = Pace(Account(1.0))
    asked(pace, 0, 2.0, None)
    pace.account.credit(None)
    pace.account.charge(-10)
    assert not pace.due(ORDERS, 199, None)
    assert pace.due(ORDERS, 200, None)


def test_a_failed_question_is_asked_again() -> None:
    """Also when nothing was written: the answer is still missing."""
    pace = Pace()
    pace.account.credit(1_000)
    asked(pace, 0, 0.1, {"orders": 5}, failed=True)
    assert pace.due(ORDERS, 60, {"orders": 5})


def test_sinks_that_were_started_again_count_from_nothing() -> None:
    """Their processor time goes on from 0; a scrape that fails in between credits nothing twice."""
    account = Account(0.5)
    for used in (10.0, None, 10.0, 4.0):
        account.credit(used)
    account.charge(7.0)
    assert account.covered
    account.charge(0.1)
    assert not account.covered
