"""Triggers: one module each, and `every` that asks them all."""
