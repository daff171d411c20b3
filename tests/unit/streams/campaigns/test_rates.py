"""The rates file: how it is read, what it converts, and what is wrong with one."""

from __future__ import annotations

from fractions import Fraction

import orjson
import pytest

from streams.campaigns import load, sources, writing
from streams.core.campaigns import Campaigns

NOON, DAY = 1_796_040_000_000, 86_400_000
"""2026-11-30T12:00Z; a day in milliseconds."""
BY_DAY = "base: EUR\nrates:\n  2026-12-02: {USD: 2}\n  2026-11-30: {USD: 1.25, GBP: 0.8}"


def with_rates(tmp_path, text):
    """A campaigns file that names a rates file of this text."""
    (tmp_path / "rates.yaml").write_text(text, encoding="utf-8")
    path = tmp_path / "campaigns.yaml"
    path.write_text("rates: rates.yaml\ncampaigns: []", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- 1", "a mapping with the keys `base` and `rates`"),
        ("base: EUR", "rates: Field required"),
        ("rates: {USD: 1.1}", "base: Field required"),
        ("base: EURO\nrates: {USD: 1.1}", "base: 'EURO' is no currency of ISO 4217"),
        ("base: EUR\nrates: {}", "rates: "),
        ("base: EUR\nrates: 1.1", "rates: "),
        ("base: EUR\nrates: {US: 1.1}", "'US' is no currency"),
        ("base: EUR\nrates: {USD: 0}", "a rate is a number from"),
        ("base: EUR\nrates: {USD: -1.1}", "a rate is a number from"),
        ("base: EUR\nrates: {USD: .nan}", "a rate is a number from"),
        ("base: EUR\nrates: {USD: true}", "a rate is a number from"),
        ("base: EUR\nrates: {2026-11-30: {USD: many}}", "2026-11-30.USD: a rate is a number from"),
        ("base: EUR\nrates: {yesterday: {USD: 1.1}}", "rates.yesterday"),
        ("base: EUR\nrates: {2026-11-30: {USD: 1.1}, USD: 1.1}", "rates.USD"),
        ("base: EUR\nrates: {USD: 1.1}\nother: 1", "other: Extra inputs"),
        ("base: EUR\nrates: {USD: 1.1, USD: 1.2}", "'USD' is there twice"),
    ],
)
def test_a_rates_file_that_cannot_be_used(tmp_path, text, says):
    """One line that names the file and says what is wrong where."""
    with pytest.raises(ValueError, match=r"rates\.yaml") as refused:
        load(with_rates(tmp_path, text))
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_rates_file_that_is_not_there(tmp_path):
    """It is named, with the reason."""
    path = with_rates(tmp_path, BY_DAY)
    (tmp_path / "rates.yaml").unlink()
    with pytest.raises(ValueError, match=r"rates\.yaml: cannot be read: No such file"):
        load(path)


def test_one_rate_holds_on_all_days(tmp_path):
    """Both ways, and between two currencies that are not the base; codes in any case, numbers as text, too."""
    rates = load(with_rates(tmp_path, "base: eur\nrates: {usd: 1.25, GBP: '0.8'}")).rates
    for at in (0, NOON, NOON + 3_000 * DAY):
        found = [rates.between(*pair, at) for pair in (("EUR", "USD"), ("USD", "EUR"), ("GBP", "USD"))]
        assert found == [Fraction(5, 4), Fraction(4, 5), Fraction(25, 16)]
        assert rates.between("EUR", "JPY", at) is None


def test_the_rates_of_a_day_hold_until_the_next_that_has_some(tmp_path):
    """From its midnight (UTC) on, whole: what the new day does not name has no rate. Before the first, none."""
    rates = load(with_rates(tmp_path, BY_DAY)).rates
    midnight = NOON - DAY // 2
    times = (midnight - 1, midnight, midnight + 2 * DAY - 1, midnight + 2 * DAY, NOON + 300 * DAY)
    assert [rates.between("EUR", "USD", at) for at in times] == [None, Fraction(5, 4), Fraction(5, 4), 2, 2]
    assert [rates.between("EUR", "GBP", at) for at in times] == [None, Fraction(4, 5), Fraction(4, 5), None, None]


def test_rates_travel_with_the_campaigns(tmp_path):
    """As JSON to all workers, and into a folder again; other rates are another version, and the file has a say."""
    path = with_rates(tmp_path, BY_DAY)
    campaigns = load(path)
    assert Campaigns.load(orjson.loads(orjson.dumps(campaigns.dump()))).version == campaigns.version
    assert load(writing.write(campaigns, tmp_path / "again")).version == campaigns.version
    assert load(with_rates(tmp_path, BY_DAY.replace("1.25", "1.26"))).version != campaigns.version
    assert tmp_path / "rates.yaml" in sources(path)
