"""`winback page`: the live page, as a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy.cli import config, running

Folder = Annotated[
    Path, typer.Option("--dir", metavar="D", help="Folder of the stack to show, unless WINBACK_PAGE_PROCESSES is set.")
]


def page(folder: Folder = Path(".winback")) -> None:
    """Serve the live page at WINBACK_PAGE until it is stopped: what happens now, campaigns, customers, processes."""
    from deploy.errors import BadInputError
    from deploy.page.server import serve
    from infra.logs import configure_logging

    settings = config.load()
    if not settings.page:
        raise BadInputError("WINBACK_PAGE is empty: set it to host:port, such as 127.0.0.1:8088")
    configure_logging(settings)
    try:
        running.run(serve(settings, folder))
    except ValueError as wrong:
        raise BadInputError(str(wrong)) from None
    except running.StoppedError:
        raise typer.Exit(0) from None


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(page)
