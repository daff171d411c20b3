"""Names of events and properties in other vocabularies, read into the canonical form (docs/contract.md section 1).

`table.csv` is the data: each row a name, what it is here, when, whose it is and the source that says so.
"""
