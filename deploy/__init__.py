"""How Winback is run: on this machine (local), in containers, and what watches it."""
