"""The simulation notices: with one rule of the protocol broken, some seed fails."""

from __future__ import annotations

import warnings
from contextlib import ExitStack
from unittest.mock import patch

import pytest

from tests.simulation import check
from tests.simulation.broken_claims import NOTICED, NOTICED_IN_CAMPAIGNS, NOTICED_IN_LINKS
from tests.simulation.broken_rules import (
    MOST,
    NOTICED_BY,
    OF_CAMPAIGNS,
    OF_LINKS,
    OF_MONEY,
    OF_NAMES,
    OF_REQUESTS,
    PROMISED,
    QUICK,
    RARE,
    RARE_OF_CAMPAIGNS,
    Break,
)  # fmt: skip
from tests.simulation.broken_segments import OF_SEGMENTS, PROMISED_OF_SEGMENTS
from tests.simulation.check import failures


def notices(broken: Break, *, alone: bool = False, **kind: bool) -> bool:
    """Whether a seed fails while a rule is broken, with a finding: an error of the broken code itself is none.

    The seed that is known to notice is tried first; if it does not any more, all of the first seeds are. So a rule that
    nothing notices fails the test whatever is known, and `python -W always` says which seed to write down.
    """
    known = NOTICED_BY.get(broken.__name__ + " alone" * alone, 0)
    with ExitStack() as stack:
        if alone:
            stack.enter_context(patch.object(check, "as_the_oracle", lambda *_: iter(())))
        stack.enter_context(broken())
        for seed in (known, *range(MOST)):
            found = failures(seed, **kind)[1:]
            if any(not line.startswith("Traceback") for line in found):
                if seed != known:
                    warnings.warn(f"{broken.__name__}{' alone' * alone} is noticed by seed {seed}", stacklevel=2)
                return True
    return False


@pytest.mark.parametrize(
    "broken",
    [*QUICK, *NOTICED, *OF_NAMES, *(pytest.param(rule, marks=pytest.mark.slow) for rule in RARE)],
    ids=lambda rule: rule.__name__,
)
def test_a_broken_rule_is_noticed(broken: Break) -> None:
    """A seed fails, as it does not with the rule as it is: the known one, else one of the first."""
    assert notices(broken)


@pytest.mark.parametrize(
    "broken",
    [
        *OF_CAMPAIGNS,
        *NOTICED_IN_CAMPAIGNS,
        *OF_SEGMENTS,
        *(pytest.param(rule, marks=pytest.mark.slow) for rule in RARE_OF_CAMPAIGNS),
    ],
    ids=lambda rule: rule.__name__,
)
def test_a_broken_rule_of_campaigns_is_noticed(broken: Break) -> None:
    """The same, of histories of campaigns."""
    assert notices(broken, campaigning=True)


@pytest.mark.parametrize(
    "broken", [*PROMISED, *NOTICED_IN_CAMPAIGNS, *PROMISED_OF_SEGMENTS], ids=lambda rule: rule.__name__
)
def test_a_broken_promise_is_noticed_without_the_oracle(broken: Break) -> None:
    """What was written shows it, with nothing to compare it with."""
    assert notices(broken, alone=True, campaigning=True)


@pytest.mark.parametrize("broken", [*OF_LINKS, *NOTICED_IN_LINKS], ids=lambda rule: rule.__name__)
def test_a_broken_promise_of_links_is_noticed_without_the_oracle(broken: Break) -> None:
    """The same, of what is linked with what."""
    assert notices(broken, alone=True)


@pytest.mark.parametrize("broken", OF_REQUESTS, ids=lambda rule: rule.__name__)
def test_an_erasure_that_takes_too_much_or_too_little_is_noticed(broken: Break) -> None:
    """The same, of runs in which somebody asks for splits and erasures."""
    assert notices(broken, asking=True, campaigning=True)


@pytest.mark.parametrize("broken", OF_MONEY, ids=lambda rule: rule.__name__)
def test_money_that_counts_twice_is_noticed_without_the_oracle(broken: Break) -> None:
    """The rows of conversions show it by themselves."""
    assert notices(broken, alone=True)
