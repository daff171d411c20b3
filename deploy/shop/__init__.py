"""A made-up but consistent shop: input lines of all its channels, and the truth about its customers beside them."""

from deploy.shop.simulation import simulate

__all__ = ["simulate"]
