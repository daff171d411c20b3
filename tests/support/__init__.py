"""What tests of several rooms share: events, campaigns, stacks, stand-ins for brokers."""
