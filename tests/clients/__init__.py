"""Clients of ClickHouse from their registries, as people use them, on the embedded engine's HTTP interface."""
