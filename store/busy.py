"""SQLite under load: asked again where its lock was not given in time.

SQLite gives the lock to whoever asks at the right moment, not in turn, so one of many may wait its whole time in vain.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import wraps
from time import sleep
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection

TRIES = 5
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def again_when_busy(work: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Have a function that is one short transaction tried again while the database is busy, a few times."""

    @wraps(work)
    def tried(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        for _ in range(TRIES - 1):
            try:
                return work(*args, **kwargs)
            except OperationalError as error:
                # Inside somebody's transaction only they can begin again.
                if connection.vendor != "sqlite" or connection.in_atomic_block or "locked" not in str(error):
                    raise
                sleep(random.uniform(0.02, 0.2))
        return work(*args, **kwargs)

    return tried
