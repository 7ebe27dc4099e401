"""Measured claims: each module is a command that prints its figures and fails when one falls short."""
