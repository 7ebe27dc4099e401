"""Measures of a call, one module per family."""
