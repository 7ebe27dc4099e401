"""What is kept of a defect: a traceback in a file, for the one who mends it."""

from __future__ import annotations

import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

from pipeline.version import CODE_VERSION


def write_crash_report(error: BaseException) -> Path:
    """Write the traceback beside the logs, or into the temporary folder when that cannot be written."""
    moment = datetime.now(UTC)
    text = f"tingjian {CODE_VERSION}, {moment.isoformat(timespec='seconds')}\n" + "".join(
        traceback.format_exception(error)
    )
    name = f"crash-{moment:%Y%m%dT%H%M%S}.txt"
    for folder in (Path("var") / "logs", Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / name
            path.write_text(text, encoding="utf-8")
        except OSError:
            continue
        return path
    return Path("(could not be written)")
