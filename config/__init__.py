"""Typed settings, entered once, and Django's settings built from them."""
