"""Products: interests and catalogue changes."""
