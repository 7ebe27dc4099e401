"""How many keys and seconds a reviewer needs for the three flags of a bundled call, listening left out.

``python -m benchmarks.keyboard`` runs over what ``tingjian demo`` has left behind: it sets the account's password anew,
serves the pages on a free port, and drives Chromium. The call goes back into the queue as it was handed in.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from config.django import setup_django
from config.settings import Settings, load_settings

CALL = "20260302-018"
FLAGS = 3
LIMIT_S = 20.0


def _take(settings: Settings) -> tuple[str, str]:
    """Give the call to the demo's account; returns the recording and a password."""
    setup_django(settings)
    from datetime import timedelta

    from django.contrib.auth import get_user_model

    from store import models, queue
    from store.database import migrate
    from tingjian.commands.demo_pages import ACCOUNT, prepare_pages

    # The demo may have been made by an older version.
    migrate()
    pages = prepare_pages(settings)
    item = models.QueueItem.objects.get(call_id=CALL)
    models.QueueItem.objects.filter(pk=item.pk).update(done_at=None, done_by=None, claimed_by=None)
    queue.claim(item.pk, get_user_model().objects.get(username=ACCOUNT), timedelta(minutes=20))
    return item.recording_id, pages.password


def _judge(page: Any, recording_id: str) -> tuple[list[str], float]:
    page.goto(f"/calls/{recording_id}")
    page.wait_for_selector("html[data-ready]")
    if page.locator(".flag").count() != FLAGS:
        raise SystemExit(f"the call {CALL} shows {page.locator('.flag').count()} flags; expected {FLAGS}")
    pressed = []
    began = time.perf_counter()
    for key in ("j", "y", "y", "x", "2", "Control+Enter"):
        page.keyboard.press(key)
        pressed.append(key)
    page.wait_for_url(lambda address: recording_id not in address)
    return pressed, time.perf_counter() - began


def main() -> None:
    """Serve, drive, tell."""
    from playwright.sync_api import sync_playwright

    var_dir = load_settings().var_dir / "demo"
    if not (var_dir / "tingjian.sqlite3").is_file():
        raise SystemExit("there is no demo yet; run: tingjian demo")
    url = f"sqlite:///{var_dir / 'tingjian.sqlite3'}"
    recording_id, password = _take(load_settings(var_dir=var_dir, database_url=url))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tingjian", "serve", "--demo", "--port", str(port)]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).resolve().parents[1])
    try:
        _wait(server, port)
        with sync_playwright() as playwright:
            chromium = shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_context(base_url=f"http://127.0.0.1:{port}").new_page()
            page.goto("/login")
            page.fill("[name=username]", "demo")
            page.fill("[name=password]", password)
            page.click("button.primary")
            page.wait_for_url("**/queue")
            pressed, seconds = _judge(page, recording_id)
            browser.close()
    finally:
        server.terminate()
        server.wait()
    print(f"{FLAGS} flags of {CALL} judged and handed in: {len(pressed)} keys ({' '.join(pressed)}), {seconds:.1f} s")
    if seconds > LIMIT_S:
        raise SystemExit(f"expected less than {LIMIT_S:g} s")


def _wait(server: subprocess.Popen[str], port: int) -> None:
    for _ in range(120):
        if server.poll() is not None:
            raise SystemExit(server.stderr.read() if server.stderr else "the pages are not served")
        with socket.socket() as line:
            if line.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.5)
    raise SystemExit("the pages do not answer")


if __name__ == "__main__":
    main()
