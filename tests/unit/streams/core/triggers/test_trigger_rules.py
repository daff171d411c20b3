"""Triggers of a campaigns file that could never set anything off are refused, with a reason."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tests.support.happenings import rules


@pytest.mark.parametrize(
    ("trigger", "reason"),
    [
        ({"on": "content_viewed", "times": 21}, "less than or equal to 20"),
        ({"on": "content_viewed", "times": 0}, "greater than or equal to 1"),
        ({"on": "content_viewed", "within": 0}, "longer than 0"),
        ({"on": "content_viewed", "topic": "  "}, "leave it out for any"),
        ({"on": "content_viewed", "topic": "x" * 101}, "at most 100"),
        ({"on": "price_dropped", "within": "31d"}, "at most 30d"),
        ({"on": "back_in_stock", "within": "0m"}, "longer than 0"),
        ({"on": "back_in_stock", "interest": []}, "at least 1"),
        ({"on": "back_in_stock", "interest": ["seen"]}, "'viewed', 'carted' or 'wished'"),
        ({"on": "hashtag_used", "hashtags": ["#"]}, "a hashtag is a text"),
        ({"on": "cart_abandoned", "min_value": float("nan")}, "finite"),
        ({"on": "price_dropped", "min_drop": "110%"}, "from 0% to 100%"),
    ],
)
def test_what_could_never_happen_is_refused(trigger, reason):
    """The reason says what would be possible."""
    with pytest.raises(ValidationError, match=reason):
        rules(trigger)


def test_what_is_possible_is_taken():
    """The limits themselves."""
    file = rules(
        {"on": "content_viewed", "times": 20, "within": "60d", "topic": "x" * 100},
        {"on": "price_dropped", "within": "30d", "min_drop": 1},
        {"on": "hashtag_used", "hashtags": []},
    )
    assert file.file.campaigns[1].trigger.kinds == "cvw"
