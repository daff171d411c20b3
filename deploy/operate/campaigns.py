"""Reads a campaigns file; its first error is told in one line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deploy.errors import BadInputError

if TYPE_CHECKING:
    from streams.campaigns.samples import Sample
    from streams.core.campaigns import Campaigns


def load(path: Path | None) -> Campaigns:
    """The validated campaigns of a file and its templates; the built-in ones for None. Raises BadInputError."""
    from streams.campaigns import load as read

    try:
        return read(path)
    except (ValueError, OSError) as problem:
        raise BadInputError(str(problem)) from None


def checked(path: Path | None) -> tuple[Campaigns, list[Sample]]:
    """The campaigns of a file, and a sample of every message that it can write. Raises BadInputError when one fails.

    The line names the template's file, and the campaign, step, channel and variant it fails in.
    """
    from streams.campaigns.samples import samples

    found = load(path)
    made = list(samples(found))
    if faults := [sample for sample in made if sample.fault]:
        first = faults[0]
        where = f"campaign {first.campaign!r}, step {first.step!r}, {first.channel}"
        what = f", variant {first.variant!r}" if first.variant is not None else ""
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise BadInputError(f"{template_file(path, found, first)}: {where}{what}: {first.fault}{more}")
    return found, made


def template_file(path: Path | None, campaigns: Campaigns, sample: Sample) -> Path:
    """The file that holds a sample's template."""
    from streams.campaigns import source
    from streams.campaigns.templates import find

    return find(campaigns.file, source(path))[sample.template]
