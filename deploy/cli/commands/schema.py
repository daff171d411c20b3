"""`winback schema`: JSON Schemas and the AsyncAPI document, made from the models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy import console
from deploy.errors import BadInputError


def schema(
    *,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write asyncapi.json and a schema file each here.")
    ] = None,
) -> None:
    """Print the AsyncAPI 3 document of all topics, or write it and the JSON Schemas to a folder."""
    import orjson

    from schemas.documents import asyncapi, json_schemas

    if out is None:
        console.data(asyncapi())
        return
    files = {"asyncapi.json": asyncapi(), **{f"{name}.schema.json": one for name, one in json_schemas().items()}}
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, document in files.items():
            (out / name).write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    except OSError as problem:
        raise BadInputError(f"--out {out}: cannot be written ({problem.strerror})") from None
    console.note(f"wrote {len(files)} files to {out}")


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(schema)
