"""A partition at work: compute, outputs acknowledged, units, offsets."""
