"""The same job as a competent engineer writes it from Faust's documentation: Records, Tables, agents, timers.

It does the simple path of the job and nothing of what makes it hard: no order between topics, no watermark, no late
purchase that cancels a reminder, no hand-over that survives a crash, offsets committed whether outputs have been
acknowledged or not. It reads raw events with the same reader as ours, and its rows are written by the same sinks.
"""
