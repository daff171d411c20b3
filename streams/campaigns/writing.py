"""Campaigns as files again: what `load` reads from a folder, written into one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from streams.campaigns.templates import FOLDER
from streams.core.campaigns import Campaigns

NAME: Final = "campaigns.yaml"
"""Name of the file in its folder."""


def write(campaigns: Campaigns, folder: Path) -> Path:
    """Write the file, its templates, stores and rates into a folder that is made; returns the file.

    `load` of it gives the same campaigns; of the same version, too, if these were beside the file. JSON is YAML.
    Raises OSError.
    """
    content = campaigns.dump()
    (folder / FOLDER).mkdir(parents=True)
    for kind in ("stores", "rates"):
        if named := content["file"].get(kind):
            beside = folder / Path(named).name
            content["file"][kind] = beside.name
            beside.write_text(json.dumps(content[kind]), encoding="utf-8")
    for language, name, channel, text in (*content["templates"], *content["partials"]):
        place = folder / FOLDER / language / f"{name}.{channel}.liquid"
        place.parent.mkdir(exist_ok=True)
        place.write_text(text, encoding="utf-8")
    file = folder / NAME
    file.write_text(json.dumps(content["file"]), encoding="utf-8")
    return file
