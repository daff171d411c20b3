"""The campaigns that are in force in a stack, kept in its folder for workers that start later.

The file that people edit may be half written, or wrong, at the moment when a worker is started again.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.errors import UnavailableError

if TYPE_CHECKING:
    from streams.core.campaigns import Campaigns


class AppliedCampaigns:
    """A copy of the campaigns in force: `file` can always be read; `version` is that of the campaigns."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "campaigns"
        self._current = self._folder / "current"

    @property
    def file(self) -> Path:
        """The campaigns file."""
        from streams.campaigns.writing import NAME

        return self._current / NAME

    @property
    def version(self) -> str:
        """The version of the campaigns in the folder; empty when there are none."""
        return self._current.readlink().name if self._current.is_symlink() else ""

    def begin(self, campaigns: Campaigns) -> None:
        """Write these campaigns, unless the folder holds campaigns that can be read. Raises UnavailableError."""
        from streams.campaigns import load

        try:
            load(self.file)
        except ValueError:
            self.take(campaigns)

    def take(self, campaigns: Campaigns) -> None:
        """Replace the campaigns by these: readers find the old ones or the new ones. Raises UnavailableError."""
        from streams.campaigns.writing import write

        before, place, link = self.version, self._folder / campaigns.version, self._folder / "next"
        try:
            if place != self._current.resolve():
                shutil.rmtree(place, ignore_errors=True)
                write(campaigns, place)
            link.unlink(missing_ok=True)
            link.symlink_to(place.name)
            link.replace(self._current)
        except OSError as problem:
            what = f"{self._folder}: cannot be written ({problem.strerror})"
            raise UnavailableError(f"{what}; choose another place with --dir") from None
        if before and before != place.name:
            shutil.rmtree(self._folder / before, ignore_errors=True)
