"""The end of ``demo``: the bundled calls drawn into the queue, and an account that hears them in the review pages."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from config.settings import Settings
from config.web_secret import make_web_secret
from tingjian.commands.serve import address

ACCOUNT = "demo"
PER_AGENT = 60.0
"""Random calls of an agent in a month: many, since the bundled calls are of one day alone."""
RISK_PER_DAY = 4


@dataclass(frozen=True, slots=True)
class DemoPages:
    """What somebody needs to look at the pages; the password is made up anew each time."""

    queued: int
    account: str
    password: str
    address: str


def prepare_pages(settings: Settings) -> DemoPages:
    """Draw from the calls as a morning would, and see to it that the account is there."""
    from flows.draw_queue import DrawOptions, draw_months
    from store.accounts import SUPERVISOR, create_account, set_password
    from store.draws import months_to_draw
    from store.queue import fill_queue, lanes_left

    make_web_secret(settings.web_secret)
    options = DrawOptions(per_agent=PER_AGENT, risk_per_day=RISK_PER_DAY)
    draw_months(months_to_draw(), options, frozenset(), settings.seed_file)
    fill_queue()
    password = secrets.token_urlsafe(9)
    if not set_password(ACCOUNT, password):
        create_account(ACCOUNT, password, [SUPERVISOR])
    return DemoPages(sum(lanes_left().values()), ACCOUNT, password, address(settings))
