"""Consent and contact points."""
