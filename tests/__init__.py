"""Tests; a package of its own name, because a library may bring another top-level ``tests``."""
