"""The ClickHouse sink: poll, batch, insert, commit."""
