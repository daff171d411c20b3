"""The stores file: a list of stores, and which campaigns cannot do without it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from streams.campaigns.reading import Way, content, first
from streams.core.campaigns import CampaignFile, Store

_STORES = TypeAdapter(list[Store])


def read(path: Path) -> tuple[Store, ...]:
    """The stores of a file. Raises ValueError with one line that says what is wrong and where."""
    raw = content(path)
    if not isinstance(raw, list):
        raise ValueError(f"{path}: a stores file is a list of stores")  # noqa: TRY004 - a fault of the file
    try:
        stores = _STORES.validate_python(raw)
    except ValidationError as error:
        raise ValueError(f"{path}: {first(error, raw)}") from None
    ids = [store.id for store in stores]
    for id_ in ids:
        if ids.count(id_) > 1:
            raise ValueError(f"{path}: two stores have the id {id_!r}")
    return tuple(stores)


def require(place: Path, file: CampaignFile, stores: Iterable[Store]) -> None:
    """Raises ValueError for a campaign that can never write to anybody because no store, or no billboard, is known."""
    for _, fault in lacking(file, stores):
        raise ValueError(f"{place}: {fault}")


def lacking(file: CampaignFile, stores: Iterable[Store]) -> Iterator[tuple[Way, str]]:
    """The campaigns that `require` refuses: the way to each, and why."""
    stores = tuple(stores)
    for campaign in file.campaigns:
        if campaign.trigger.on == "store_nearby" and not stores:
            what = "trigger store_nearby needs `stores`, a file of stores"
            yield ("campaigns", campaign.id, "trigger"), f"campaign {campaign.id!r}: {what}"
        for step in campaign.steps:
            if "broadcast" in step.candidates and not any(store.billboards for store in stores):
                what = "channel broadcast needs `stores`, a file of stores with `billboards`"
                yield ("campaigns", campaign.id, "steps", step.id), f"campaign {campaign.id!r}: {what}"
                break
