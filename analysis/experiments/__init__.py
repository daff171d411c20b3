"""What a campaign changed, told from customers in two arms: estimates, intervals, checks, and the size a test needs."""
