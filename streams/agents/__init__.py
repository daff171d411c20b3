"""The three agents: each takes chunks, has its core compute them and leaves the rest to the runtime."""
