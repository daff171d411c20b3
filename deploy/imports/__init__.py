"""An order history as events."""
