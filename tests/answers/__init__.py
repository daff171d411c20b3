"""What each view has to say, computed in plain Python from the records of the output topics."""
