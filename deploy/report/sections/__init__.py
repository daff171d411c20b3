"""The sections of the page, in the order in which they are read."""

from __future__ import annotations

from typing import Final

from deploy.report.model import Section
from deploy.report.sections.campaigns import CAMPAIGNS, CARTS, JOURNEYS
from deploy.report.sections.channels import CHANNELS, EMAIL, GOALS, PAID, SEARCH, SOCIAL
from deploy.report.sections.customers import DEVICES, PARETO, PERSONAS, SOURCES
from deploy.report.sections.overview import OVERVIEW

SECTIONS: Final[tuple[Section, ...]] = (
    OVERVIEW, CHANNELS, GOALS, SEARCH, PAID, EMAIL, SOCIAL, CARTS, CAMPAIGNS, JOURNEYS, PARETO, PERSONAS, DEVICES,
    SOURCES,
)  # fmt: skip
