"""What becomes of events while it happens: records of several topics, joined."""
