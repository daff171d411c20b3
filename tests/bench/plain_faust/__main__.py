"""`python -m tests.bench.plain_faust worker --without-web`."""

from __future__ import annotations

from tests.bench.plain_faust.agents import app

app.main()
