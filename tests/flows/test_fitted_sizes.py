from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flows.draw_queue import DrawOptions, draw_months
from flows.draw_replay import replay_month
from flows.fitted_sizes import size_model
from quality.sizes import COLD_START
from store import models
from tests.flows.test_draw_queue import fill
from tests.store.centre import store_centre

pytestmark = pytest.mark.django_db


def test_sizes_when_reviews_are_few_then_those_for_a_beginning() -> None:
    assert size_model("2026-03") is COLD_START
    store_centre(("2026-02",), agents=6, calls=60, reviews=20)
    assert size_model("2026-03") is COLD_START


def test_sizes_when_five_hundred_reviews_exist_then_fitted_and_frozen_with_the_month(tmp_path: Path) -> None:
    store_centre(("2026-02",), agents=12, calls=150, reviews=45)
    model = size_model("2026-03")
    assert model.version == "fitted 2026-02 540"
    few, many = model.sizes(np.array([100.0, 60.0]), np.zeros(2, dtype=np.bool_))
    assert few == 1_000_000
    assert many > 2_000_000
    fill(0, 120)
    (done,) = draw_months(["2026-03"], DrawOptions(per_agent=6.0), frozenset({"per_agent"}), tmp_path / "seeds")
    assert done.model_version == model.version
    assert models.DrawMonth.objects.get(month="2026-03").size_model["version"] == model.version
    assert done.lanes["probability"] == 12
    assert replay_month("2026-03", tmp_path / "seeds").differences == ()


def test_sizes_when_last_month_has_no_draw_then_reviews_of_the_ones_before_count() -> None:
    store_centre(("2026-01",), agents=12, calls=150, reviews=45)
    assert size_model("2026-03").version == "fitted 2026-01 540"
