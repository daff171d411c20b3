"""The tests: one folder a kind, and the oracle that most of them compare with."""
