"""The stream processors: three Faust agents over a pure core."""
