"""Frequency caps and quiet hours: when a customer has had enough, and when it is night where they are.

Contract 8.82, item 7 and contract 8.82, item 8.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

from schemas import zones
from streams.core.campaigns import CampaignFile, QuietHours
from streams.core.profile.state import Profile


def capped(profile: Profile, file: CampaignFile, channel: str, now: int) -> bool:
    """Whether some rule of the channel, or of all together, is used up in its window (now - per, now].

    A step that a late event set is decided at its own time, before messages that have gone out since: these count too.
    """
    for name in ("global", channel):
        for cap in file.caps.get(name, ()):  # type: ignore[call-overload]
            count = sum(1 for sent in profile.sent if sent.at > now - cap.per and name in ("global", sent.channel))
            if count >= cap.limit:
                return True
    return False


def quiet_until(quiet: QuietHours | None, zone: str, now: int) -> int | None:
    """The end of the quiet hours `now` falls into, in epoch milliseconds; None when it is not quiet.

    `zone` is a name of the IANA list or an offset. Its clocks decide, so the hours follow daylight saving. Where the
    end comes twice in a night, it is quiet up to the first, and again in the hour that is repeated; where clocks leap
    over the end, it is quiet up to the leap.
    """
    if quiet is None or quiet.start == quiet.end:
        return None
    try:
        return _end_of(quiet, zone, now)
    except (OverflowError, ValueError):
        # The first and the last day of the calendar, in a zone where it is another one.
        return None


def quiet_after(quiet: QuietHours | None, zone: str, now: int, before: int) -> tuple[int, int] | None:
    """When the next quiet hours begin and end that begin after `now` and `before` a time; None without any.

    All in epoch milliseconds; it is not quiet `now`. `zone` is as for `quiet_until`, by which they end.
    """
    if quiet is None or quiet.start == quiet.end:
        return None
    try:
        for begin in sorted(_begins(quiet, zones.zone(zone), now)):
            if now < begin < before and (end := _end_of(quiet, zone, begin)) is not None:
                return begin, end
    except (OverflowError, ValueError):
        pass  # The last day of the calendar.
    return None


def _begins(quiet: QuietHours, rules: tzinfo, now: int) -> Iterator[int]:
    """When it may become quiet in the two days after `now`: where the clock shows the time, or is put forward or back.

    Epoch milliseconds, in no order. Quiet hours come once a day.
    """
    today = datetime.fromtimestamp(now / 1000, tz=rules)
    for days in range(3):
        begin = datetime.combine(today.date() + timedelta(days=days), quiet.start, tzinfo=rules)
        yield from (int(begin.replace(fold=fold).timestamp() * 1000) for fold in (0, 1))
    for days in range(2):
        since, until = (today.astimezone(UTC) + timedelta(days=n) for n in (days, days + 1))
        if since.astimezone(rules).utcoffset() != until.astimezone(rules).utcoffset():
            yield _leap(int(since.timestamp() * 1000), int(until.timestamp() * 1000), rules)


def _end_of(quiet: QuietHours, zone: str, now: int) -> int | None:
    rules, local = zones.zone(zone), zones.local_time(now, zone)
    clock = local.time()
    wraps = quiet.start > quiet.end
    inside = (clock >= quiet.start or clock < quiet.end) if wraps else quiet.start <= clock < quiet.end
    if not inside:
        return None
    day = local.date() + timedelta(days=1 if wraps and clock >= quiet.start else 0)
    end = datetime.combine(day, quiet.end, tzinfo=rules)
    first, second = (int(end.replace(fold=fold).timestamp() * 1000) for fold in (0, 1))
    if first > second:
        first = second = _leap(second, first, rules)
    return next((at for at in (first, second) if at > now), now + 1)


def _leap(before: int, after: int, rules: tzinfo) -> int:
    """When clocks are put forward or back between two times: the first moment of the new time, epoch milliseconds."""

    def offset(at: int) -> timedelta | None:
        return datetime.fromtimestamp(at / 1000, tz=rules).utcoffset()

    old = offset(before)
    while after - before > 1:
        middle = (before + after) // 2
        if offset(middle) == old:
            before = middle
        else:
            after = middle
    return after
