"""The review pages: queue, one call, verdicts, appeals, and what came of them."""
