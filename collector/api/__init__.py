"""The shop's own API: whether an offer code is good, and the links by which customers unsubscribe."""
