"""The cart machine."""
