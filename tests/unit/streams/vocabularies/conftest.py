"""The campaigns of a shop that reminds of every cart and every checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.campaigns import load
from streams.core.campaigns import Campaigns
from tests.unit.streams.vocabularies.shop import FILE


@pytest.fixture(scope="session")
def reminding(tmp_path_factory: pytest.TempPathFactory) -> Campaigns:
    """A message for every cart and every checkout that is left."""
    folder: Path = tmp_path_factory.mktemp("campaigns")
    (folder / "templates").mkdir()
    for name in ("cart_reminder", "checkout_reminder"):
        (folder / "templates" / f"{name}.liquid").write_text("{{ cart.value }}", encoding="utf-8")
    (folder / "campaigns.yaml").write_text(FILE, encoding="utf-8")
    return load(folder / "campaigns.yaml")
