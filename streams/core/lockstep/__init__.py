"""Two campaigns files over one history, in step: `partition.py` plays both, `comparing.py` asks what both answer."""
