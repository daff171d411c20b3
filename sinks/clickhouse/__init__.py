"""The ClickHouse sink: records of the output topics become rows. Any insert can be repeated; offsets come after it."""
