"""The three Faust agents, thin: decode, load, call core, store, emit."""
