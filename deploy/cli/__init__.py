"""The embedded stack and the `winback` command."""
