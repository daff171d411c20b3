"""The commands of `winback`, one file each."""
