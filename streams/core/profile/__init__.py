"""One customer's state: what it holds, where it is kept, where it has gone."""
