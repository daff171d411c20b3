"""What a campaigns file does, for people and as JSON: its campaigns, and a sample of every message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy import console

if TYPE_CHECKING:
    from streams.campaigns.samples import Sample
    from streams.core.campaigns import Campaign, Campaigns, CampaignStep


def described(path: Path, campaigns: Campaigns, samples: Iterable[Sample]) -> dict[str, Any]:
    """The file as JSON values: settings and campaigns as they are understood, and the samples."""
    file = campaigns.dump()["file"]
    return {
        "file": str(path),
        "version": campaigns.version,
        "stores": len(campaigns.stores.all),
        "settings": {name: value for name, value in file.items() if name != "campaigns"},
        "campaigns": file.get("campaigns", []),
        "messages": [
            {**sample._asdict(), "template": sample.template[1], "language": sample.language or None}
            for sample in samples
        ],
    }


def render(campaigns: Campaigns, samples: Iterable[Sample]) -> Iterator[Any]:
    """A table of what each campaign does, then the messages; those that read the same are shown once."""
    rows = [
        (campaign.id if n == 0 else "", _trigger(campaign) if n == 0 else "", step.id, _step(step), step.template)
        for campaign in campaigns.file.campaigns
        for n, step in enumerate(campaign.steps)
    ]
    yield console.table("Campaigns", ("campaign", "when", "step", "does", "template"), rows)
    if campaigns.file.segments:
        of = [(one.id, _rule(one.rule.model_dump(mode="json", exclude_defaults=True, by_alias=True)), one.description)
              for one in campaigns.file.segments]  # fmt: skip
        yield console.table("Segments", ("segment", "who is in it", "description"), of)
    alike: dict[tuple[Any, ...], list[Sample]] = {}
    for sample in samples:
        alike.setdefault((*sample[:4], sample.subject, sample.body), []).append(sample)
    for group in alike.values():
        yield from _message(group)


def _message(group: list[Sample]) -> Iterator[Any]:
    from rich.text import Text

    first = group[0]
    names = [f"{first.campaign} / {first.step}", first.channel, *([first.language] if first.language else [])]
    kinds = [_kind(sample) for sample in group]
    names += [" or ".join(dict.fromkeys(kind for kind in kinds if kind))] if any(kinds) else []
    if first.segments is not None:
        names.append(f"{first.segments} segment{'s' if first.segments > 1 else ''}")
    yield Text(", ".join(names), style="bold")
    if first.subject:
        yield Text(f"  {console.plain(first.subject)}", style="underline")
    yield Text("\n".join(f"  {line}" for line in console.plain(first.body).splitlines()) + "\n")
    if first.needs:
        yield Text(f"  Customers of whom that is not known get no message: {first.needs}\n", style="italic")


def _kind(sample: Sample) -> str:
    parts = [f"variant {sample.variant}"] if sample.variant is not None else []
    return " ".join([*parts, *(["with the offer"] if sample.offer else [])])


def _trigger(campaign: Campaign) -> str:
    """The trigger and what the campaign says about itself, a line each."""
    said = campaign.model_dump(mode="json", exclude_defaults=True, by_alias=True)
    trigger = said.pop("trigger")
    radius = [f"radius {trigger.pop('radius'):g} m"] if "radius" in trigger else []
    lines = [" ".join([trigger.pop("on"), *(f"{name} {_value(value)}" for name, value in trigger.items()), *radius])]
    lines += [f"{name} {_value(said[name])}" for name in ("holdout", "priority", "topic", "reentry") if name in said]
    if campaign.audience is not None:
        lines += [f"in {' or '.join(campaign.audience.in_)}"] if campaign.audience.in_ else []
        lines += [f"not in {' or '.join(campaign.audience.not_in)}"] if campaign.audience.not_in else []
    if campaign.offer is not None:
        lines.append(f"offer {campaign.offer.discount}, valid {_span(campaign.offer.valid_for)}")
    lines += [f"ends when {', '.join(campaign.exit_on)}".replace("_", " ")] if "exit_on" in said else []
    return "\n".join(lines)


def _step(step: CampaignStep) -> str:
    """When and on which channel a step writes."""
    of = f" of {', '.join(step.of)}" if step.of else ""
    lines = [f"after {_span(step.after)}: {step.channel}{of}" if step.after else f"at once: {step.channel}{of}"]
    lines += ["at the customer's best hour"] if step.hour else []
    lines += [f"unless {step.unless}"] if step.unless else []
    lines += [f"if {step.condition}"] if step.condition else []
    lines += ["variants " + ", ".join(f"{name} {weight}" for name, weight in step.variants.items())] * bool(
        step.variants
    )
    return "\n".join(lines)


def _rule(rule: dict[str, Any]) -> str:
    """A rule, as the file says it, in words."""
    ((name, value),) = rule.items()
    if name in ("all", "any"):
        return (" and " if name == "all" else " or ").join(
            f"({_rule(one)})" if "all" in one or "any" in one else _rule(one) for one in value
        )
    if name == "not":
        return f"not ({_rule(value)})"
    said = " ".join(f"{key} {_value(one)}" for key, one in value.items()) if isinstance(value, dict) else _value(value)
    return f"{name} {said}".strip().replace("_", " ")


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, str) and value.endswith("ms") and value[:-2].isdigit():
        return _span(int(value[:-2]))
    return (
        f"{value:.0%}"
        if isinstance(value, float) and 0 < value <= 1
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )


def _span(milliseconds: int) -> str:
    """A duration in the largest unit that holds it whole."""
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if milliseconds % size == 0:
            return f"{milliseconds // size}{unit}" if milliseconds else "0"
    return f"{milliseconds}ms"
