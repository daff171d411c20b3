"""Events take effect in event-time order."""
