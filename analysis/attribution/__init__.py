"""Attribution: which channels earn the orders, by rules over one path and by models over all paths together.

A path is the channels that a customer met, oldest first. It ends in an order, or in none (a null path).
"""
