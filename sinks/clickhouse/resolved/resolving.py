"""Whose a profile is today: a pure function of the rows about merges and splits of whole families.

A family is what merges and splits have ever joined, step by step. Rows of different families do not touch each other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

MOST_STEPS: Final = 900
"""A profile holds a few hundred identifiers at most, so no chain of merges is longer."""


class Link(NamedTuple):
    """A row of profile_merges that is neither refused nor an erasure. `at` is in milliseconds.

    `heads`: what a split took away; with `split` False and `apart` True a merged profile that went elsewhere by it.
    """

    merged: str
    into: str
    at: int
    version: int
    split: bool
    apart: bool
    heads: frozenset[str]


class Place(NamedTuple):
    """Where a profile is: its family, where merges alone lead (empty: nowhere), where it is today, and its steps."""

    family: str
    linked: str
    current: str
    path: tuple[tuple[str, int], ...]


class Cut(NamedTuple):
    """Where a split took events of a head, up to a time (milliseconds)."""

    until: int
    current: str


class Resolution(NamedTuple):
    """Every profile that the rows name, and what was cut off: by profile and head."""

    places: Mapping[str, Place]
    cuts: Mapping[tuple[str, str], Cut]


def resolve(links: Collection[Link]) -> Resolution:
    """What the rows of some families come to, in whatever order and how often they are given."""
    merges = _latest(link for link in links if not link.apart)
    steps = _latest(link for link in links if not link.split)
    families = _families(links)
    cuts = {
        key: Cut(until, _followed(merges, target) or target) for key, (target, until) in _cuts(frozenset(links)).items()
    }
    places = {}
    for profile, family in families.items():
        linked = _followed(merges, profile)
        cut = cuts.get((profile, "")) if linked else None
        places[profile] = Place(family, linked, cut.current if cut else linked, tuple(_path(steps, profile)))
    return Resolution(places, cuts)


def _latest(links: Iterable[Link]) -> dict[str, Link]:
    """Of each merged profile the row that holds."""
    found: dict[str, Link] = {}
    for link in links:
        known = found.get(link.merged)
        if known is None or (link.version, link.into) > (known.version, known.into):
            found[link.merged] = link
    return found


def _followed(merges: Mapping[str, Link], profile: str) -> str:
    """Where merges lead from a profile; empty if nowhere."""
    reached = ""
    for _ in range(MOST_STEPS):
        link = merges.get(reached or profile)
        if link is None:
            break
        reached = link.into
    return reached


def _path(steps: Mapping[str, Link], profile: str) -> Iterator[tuple[str, int]]:
    """Where a profile went, step by step, as far as it comes without returning to where it has been."""
    seen = {profile}
    while (link := steps.get(profile)) is not None and link.into not in seen and len(seen) <= MOST_STEPS:
        profile = link.into
        seen.add(profile)
        yield profile, link.at


def _families(links: Iterable[Link]) -> dict[str, str]:
    """The family of each profile, named after its first member."""
    parents: dict[str, str] = {}

    def first(profile: str) -> str:
        while (parent := parents.setdefault(profile, profile)) != profile:
            parents[profile] = profile = parents[parent]
        return profile

    for link in links:
        one, other = sorted((first(link.merged), first(link.into)))
        parents[other] = one
    return {profile: first(profile) for profile in list(parents)}


def _cuts(links: Collection[Link]) -> dict[tuple[str, str], tuple[str, int]]:
    """By profile and head: the profile that a split took it to, and until when; of several the latest split's.

    It holds for the profile that was split and for all that had been merged into it by then, or cut off into it with
    that head.
    """
    into: dict[str, list[Link]] = {}
    for link in links:
        into.setdefault(link.into, []).append(link)
    found: dict[tuple[str, str], tuple[int, int, str]] = {}
    for cut in links:
        if not cut.apart:
            continue
        for head in cut.heads if cut.split else ("",):
            waiting = {(cut.merged, cut.version, cut.at)}
            known = set(waiting)
            while waiting:
                member, before, until = waiting.pop()
                said = (cut.version, until, cut.into)
                found[member, head] = max(found.get((member, head), said), said)
                # Back in time, step by step, to what came to be part of it.
                earlier = {
                    (link.merged, link.version, link.at if link.apart else until)
                    for link in into.get(member, ())
                    if link.version < before and (not link.apart or (head in link.heads if link.split else head == ""))
                }
                waiting |= earlier - known
                known |= earlier
    return {key: (target, until) for key, (_, until, target) in found.items()}
