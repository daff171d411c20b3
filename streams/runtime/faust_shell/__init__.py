"""Faust, switched down to what Winback uses of it: chunks in, offsets of the runtime's out."""
