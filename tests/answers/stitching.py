"""Whether stitching is sound: sizes of profiles, refused links, merges by the hour, splits and erasures."""

from __future__ import annotations

from collections import Counter
from math import floor
from typing import Any

from tests.answers.people import Row, Topics
from tests.answers.zone import local

SIZES = ((1, "1"), (2, "2"), (5, "3-5"), (10, "6-10"), (50, "11-50"), (200, "51-200"))
LEVELS = ((0.5, "50 %"), (0.9, "90 %"), (0.99, "99 %"), (0.999, "99.9 %"), (1, "100 %"))


def clusters(topics: Topics, hashes: list[str]) -> Counter[str]:
    """Identifiers by profile; `hashes` are the keys of the records of identity.assignments, in the same order."""
    last: dict[str, tuple[int, str]] = {}
    for hashed, row in zip(hashes, topics.get("identity.assignments", ()), strict=True):
        last[hashed] = max((row["version"], row["profile_id"] or ""), last.get(hashed, (-1, "")))
    return Counter(profile for _, profile in last.values() if profile)


def health(topics: Topics, hashes: list[str]) -> list[Row]:
    """The rows of v_identity_health."""
    sizes = clusters(topics, hashes)
    ordered = sorted(sizes.values())
    found: dict[tuple[str, str], int] = {}
    if ordered:
        for level, label in LEVELS:
            found["cluster_quantile", label] = ordered[min(len(ordered) - 1, floor(level * len(ordered)))]
    names = Counter(next((label for most, label in SIZES if size <= most), "over 200") for size in ordered)
    found |= {("cluster_size", label): count for label, count in names.items()}
    largest = sorted(sizes, key=lambda one: (-sizes[one], one))[:10]
    found |= {("largest_profile", one): sizes[one] for one in largest}
    merges: dict[tuple[str, str | None], Any] = {}
    for row in topics.get("identity.merges", ()):
        if row.get("refused"):
            key = "refused_links", row["reason"]
        elif row["reason"] in ("split", "erased"):
            key = {"split": "splits", "erased": "erasures"}[row["reason"]], ""
        else:
            if row["reason"] != "split_history":
                # A merge is one, however often it is told; it counts when it was told last.
                merges[row["merged_profile_id"], row["into_profile_id"]] = row
            continue
        found[key] = found.get(key, 0) + 1
    hours = Counter(f"{local(row['merged_at']):%Y-%m-%d %H:00}" for row in merges.values())
    latest = sorted(hours, reverse=True)[:48]
    found |= {("merges_an_hour", hour): hours[hour] for hour in latest}
    return [{"measure": measure, "label": label, "value": float(value)} for (measure, label), value in found.items()]
