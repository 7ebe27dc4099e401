"""One recording in, one assessment out: pure functions and frozen types, without a database or a scheduler."""
