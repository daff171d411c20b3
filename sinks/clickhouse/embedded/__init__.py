"""ClickHouse's HTTP interface over the embedded engine, served by the process that holds its directory.

chDB lets one process at a time open a directory, so whoever wants to look while events flow (clickhouse-connect, curl,
Grafana) asks the sink process, in the same words that a ClickHouse server understands.
"""

from sinks.clickhouse.embedded.server import checked, serve

__all__ = ["checked", "serve"]
