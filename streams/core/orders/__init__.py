"""Orders, and which channel earned them."""
