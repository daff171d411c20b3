"""Reads a campaigns file; all that is wrong with it is told, a line each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from deploy.errors import BadInputError

if TYPE_CHECKING:
    from streams.campaigns.samples import Fault, Sample
    from streams.core.campaigns import Campaigns


_NOWHERE: Final = dict.fromkeys(("line", "column", "campaign", "step", "channel", "variant"))


def load(path: Path | None) -> Campaigns:
    """The validated campaigns of a file and its templates; the built-in ones for None. Raises BadInputError."""
    from streams.campaigns import load as read

    try:
        return read(path)
    except (ValueError, OSError) as problem:
        raise BadInputError(str(problem)) from None


class RefusedError(BadInputError):
    """A campaigns file that cannot be used: `lines` say why, `faults` are the same as JSON values.

    Each has file, line, column (null where there is no place), campaign, step, channel, variant (null for a fault of
    the file itself) and fault.
    """

    def __init__(self, lines: list[str], faults: list[dict[str, Any]]) -> None:
        super().__init__("\n".join(lines))
        self.faults = faults


def checked(path: Path | None) -> tuple[Campaigns, list[Sample]]:
    """The campaigns of a file, and a sample of every message that it can write. Raises RefusedError when one fails.

    It has a line for each fault, once, with the file, line and column, and, of what a template makes, the campaign,
    step, channel and variant.
    """
    from streams.campaigns.faults import load_all
    from streams.campaigns.samples import samples

    found, of_files = load_all(path)
    lines: dict[tuple[str, str], str] = {}
    faults: list[dict[str, Any]] = []
    for told in of_files:
        place = _place(told.file, told.line, told.column)
        lines[place, told.text] = f"{place}: {told.text}"
        faults.append({
            **_NOWHERE, "file": str(told.file), "line": told.line or None, "column": told.column or None,
            "fault": told.text,
        })  # fmt: skip
    if found is None:
        raise RefusedError(list(lines.values()), faults)
    known = {(told.file, told.line) for told in of_files}
    made = list(samples(found))
    for sample in made:
        for fault in sample.faults:
            file = template_file(path, found, fault)
            place = _place(file, fault.line, fault.column)
            if (place, fault.text) in lines or (file, fault.line) in known:
                continue
            where = f"campaign {sample.campaign!r}, step {sample.step!r}, {sample.channel}"
            what = f", variant {sample.variant!r}" if sample.variant is not None else ""
            lines[place, fault.text] = f"{place}: {where}{what}: {fault.text}"
            faults.append({
                "file": str(file), "line": fault.line or None, "column": fault.column or None,
                "campaign": sample.campaign, "step": sample.step, "channel": sample.channel, "variant": sample.variant,
                "fault": fault.text,
            })  # fmt: skip
    if faults:
        raise RefusedError(list(lines.values()), faults)
    return found, made


def _place(file: Path, line: int, column: int) -> str:
    return f"{file}:{line}:{column}" if line else f"{file}"


def template_file(path: Path | None, campaigns: Campaigns, fault: Fault) -> Path:
    """The file that holds the template, or the partial, with a `fault`, of the `campaigns` of the file at `path`."""
    from streams.campaigns import source
    from streams.campaigns.templates import found_and_missing, shown_by

    place = source(path)
    found, _ = found_and_missing(campaigns.file, place)
    if fault.partial:
        found = {}
        # What is shown is put there on the way; what cannot be shown has been told.
        for _ in shown_by(campaigns.file, place, campaigns.templates, found):
            pass
    return found[fault.template]
