"""From a common error's number to its pack, with the rulebook and the wording of the settings."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from pipeline.errors import RulebookError
from pipeline.rules.rulebook import Rulebook
from pipeline.rules.shelf import open_shelf
from store.months import bounds_of_month
from training.contents import Options, Pack
from training.gather import find_cluster, gather_pack
from training.wording import load_wording


def pack_of(number: int, month: str, options: Options, *, rulebook: str, wording: str) -> Pack:
    """The pack of one common error.

    Args:
        number: of the common error.
        month: the month, or empty for the latest that has it.
        options: how the pack is made.
        rulebook: the setting of that name.
        wording: the setting ``training_wording``.

    Raises:
        UsageError: there is no such error, or nothing to teach from.
        RulebookError, ConfigurationError: rulebook or wording cannot be read.
    """
    cluster = find_cluster(number, month)
    return gather_pack(cluster, _rulebook(rulebook, cluster.month), load_wording(wording), options)


def _rulebook(place: str, month: str) -> Rulebook:
    shelf = open_shelf(place)
    try:
        return shelf.at(bounds_of_month(month)[1] - timedelta(seconds=1), timezone.now())
    except RulebookError:
        return shelf.rulebooks[-1]
