"""ClickHouse's views over tables of a shop of any size, made by ClickHouse itself."""
