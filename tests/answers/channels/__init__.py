"""What the views about channels, campaigns, sources, devices, consent and identity must say, by plain Python.

Each function reads the JSON values of the output topics, by topic, and gives the rows of a view.
"""
