"""Tables that the sink keeps current after each batch, so that views read them and work nothing out.

`resolving` says whose a profile is today, as a function of merges and splits; `families` keeps its answers in
ClickHouse. Whatever else is kept is a `Kept` in `KEPT`; `Keeper` brings all of it up to date.
"""
