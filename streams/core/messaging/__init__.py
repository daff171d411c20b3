"""From a trigger to a message, or the reason for none."""
