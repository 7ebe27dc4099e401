"""Batch work: the only place that joins pipeline and store, over many recordings."""
