"""Dead letters as operators see them: read, grouped, taken out to be mended, and replayed once."""
