"""Campaigns as the decisions use them: the file, its templates, stores and rates, one value that travels as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from hashlib import blake2b
from types import MappingProxyType
from typing import Any

import orjson

from streams.core.campaigns.file import Attribution, Campaign, CampaignFile, Cap, Consent, QuietHours
from streams.core.campaigns.rates import Rates
from streams.core.campaigns.segment import AdAudience, Audience, Rule, Segment
from streams.core.campaigns.step import CHANNELS, CampaignStep, Channel, Offer
from streams.core.campaigns.stores import Store, Stores
from streams.core.campaigns.trigger import PARAMETERS, TRIGGERS, TriggerRule

__all__ = [
    "CHANNELS",
    "PARAMETERS",
    "TRIGGERS",
    "AdAudience",
    "Attribution",
    "Audience",
    "Campaign",
    "CampaignFile",
    "CampaignStep",
    "Campaigns",
    "Cap",
    "Channel",
    "Consent",
    "Offer",
    "QuietHours",
    "Rates",
    "Rule",
    "Segment",
    "Store",
    "Stores",
    "Templates",
    "TriggerRule",
]  # fmt: skip

Templates = Mapping[tuple[str, str, str], str]
"""The text of each template, or of each partial, by (language or "", name, channel)."""

_NONE: Templates = MappingProxyType({})


class Campaigns:
    """A validated file, its templates, its stores and its rates, and where to find what in them.

    `partials` are what the templates show with `render`; without `rates` no currency is converted.
    """

    def __init__(
        self, file: CampaignFile, templates: Templates, stores: Iterable[Store] = (), partials: Templates = _NONE,
        rates: Rates | None = None,
    ) -> None:  # fmt: skip
        self.file = file
        self.templates = dict(templates)
        self.partials = dict(partials)
        self.stores = Stores(stores)
        self.rates = rates
        self.by_id = {campaign.id: campaign for campaign in file.campaigns}
        self.place = {campaign.id: n for n, campaign in enumerate(file.campaigns)}
        self.by_trigger: dict[str, tuple[Campaign, ...]] = {
            on: tuple(c for c in file.campaigns if c.trigger.on == on)
            for on in dict.fromkeys(c.trigger.on for c in file.campaigns)
        }
        self.steps = {(c.id, step.id): (n, step) for c in file.campaigns for n, step in enumerate(c.steps)}
        """By campaign and step: its place in the campaign, and the step."""

    def dump(self) -> dict[str, Any]:
        """All as JSON: {file, templates and partials [[language, name, channel, text], ...], stores [...], rates}.

        `rates` is there only if the file names some.
        """
        return {
            "file": self.file.model_dump(mode="json", by_alias=True, exclude_defaults=True),
            "templates": [[*name, text] for name, text in self.templates.items()],
            "partials": [[*name, text] for name, text in self.partials.items()],
            "stores": [store.model_dump(mode="json", exclude_defaults=True) for store in self.stores.all],
            **({} if self.rates is None else {"rates": self.rates.model_dump(mode="json")}),
        }

    @classmethod
    def load(cls, content: Mapping[str, Any]) -> Campaigns:
        """The inverse of `dump`: `content` is what it returns. Raises ValueError for anything else."""
        templates, partials = (
            {(language, name, channel): text for language, name, channel, text in content[kind]}
            for kind in ("templates", "partials")
        )
        stores = [Store.model_validate(store) for store in content["stores"]]
        rates = Rates.model_validate(content["rates"]) if "rates" in content else None
        return cls(CampaignFile.model_validate(content["file"]), templates, stores, partials, rates)

    @cached_property
    def version(self) -> str:
        """16 hex digits that are the same for the same content."""
        return blake2b(orjson.dumps(self.dump()), digest_size=8).hexdigest()
