"""Segments: which rules of the campaigns file hold of a customer, and since when (contract 8, "Segments")."""
