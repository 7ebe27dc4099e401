"""The API for the centre's own systems: results, queue and verdicts, with tokens."""
