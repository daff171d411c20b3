"""The live page: what happens now, for people, from the processes' metrics and from ClickHouse."""
