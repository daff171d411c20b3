"""Liquid as Ruby's reference implementation has it: environments, filters, and what a value looks like as text."""
