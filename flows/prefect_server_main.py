"""The inside of the server process that ``flows.prefect_server`` starts: Prefect's application on a given socket."""

from __future__ import annotations

import signal
import sys

from flows.processes import die_with_parent


def main(arguments: list[str]) -> None:
    """Serve until the parent ends."""
    descriptor, parent_id = map(int, arguments)
    die_with_parent(parent_id)
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    import uvicorn

    uvicorn.run(
        "prefect.server.api.server:create_app",
        factory=True,
        fd=descriptor,
        log_level="error",
        lifespan="on",
        timeout_graceful_shutdown=2,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
