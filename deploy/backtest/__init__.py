"""`winback backtest`: what other campaigns would have decided over real history, beside those in force."""
