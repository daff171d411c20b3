"""One person, by any identifier: what is known, cutting an identifier off, forgetting. No value is ever logged."""
