"""Our measures beside independent libraries: pingouin, krippendorff (both GPL, tests alone use them) and ppi-python."""

from __future__ import annotations

import krippendorff
import numpy as np
import pandas as pd
import pingouin
import ppi_py
import pytest
from scipy import stats

from quality.agent_month import AgentMonth, Quantity, Scale, reviews_from
from quality.agreement import Level, icc_agreement, krippendorff_alpha
from quality.compare import benjamini_hochberg
from quality.greg import hajek, probability_part
from quality.score_model import Training, fit_score_model


# pingouin divides by the residual that a table without repeats does not have, and pandas deprecates a keyword of it.
@pytest.mark.filterwarnings("ignore:The inplace keyword", "ignore:divide by zero", "ignore:invalid value")
@pytest.mark.parametrize("seed", range(5))
def test_icc_when_compared_with_pingouin_then_the_same(seed: int) -> None:
    generator = np.random.default_rng(seed)
    calls, raters = 40, 2 + seed % 3
    scores = generator.normal(90, 6, (calls, 1)) + generator.normal(0, 3, (calls, raters)) + np.arange(raters)
    table = pd.DataFrame(
        {
            "call": np.repeat(np.arange(calls), raters),
            "rater": np.tile(np.arange(raters), calls),
            "score": scores.ravel(),
        }
    )
    theirs = pingouin.intraclass_corr(table, targets="call", raters="rater", ratings="score").set_index("Type")
    assert icc_agreement(scores) == pytest.approx(float(theirs.loc["ICC(A,1)", "ICC"]), abs=1e-6)


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("seed", range(4))
def test_alpha_when_compared_with_krippendorffs_package_then_the_same(level: Level, seed: int) -> None:
    generator = np.random.default_rng(seed)
    scores = generator.integers(0, 5, (60, 1)) + generator.integers(0, 2, (60, 4)).astype(np.float64)
    scores[generator.random(scores.shape) < 0.3] = np.nan
    theirs = krippendorff.alpha(reliability_data=scores.T, level_of_measurement=level.value)
    assert krippendorff_alpha(scores, level) == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("n", [8, 40])
def test_estimate_when_probabilities_are_equal_then_prediction_powered_inference(n: int) -> None:
    generator = np.random.default_rng(n)
    past = 100.0 - generator.choice([0, 0, 5, 10, 20, 40], 800)
    model = fit_score_model(
        Training(past, np.clip(past + generator.normal(0, 5, 800), 0, 100), np.ones(800), np.arange(800) % 50),
        largest=100.0,
    )
    machine = 100.0 - generator.choice([0, 0, 5, 10, 20, 40], 2000)
    heard = generator.permutation(2000)[:n]
    human = np.clip(machine[heard] - 2 + generator.normal(0, 5, n), 0, 100)
    probability = np.full(2000, n / 2000)
    month = AgentMonth("A", "2026-03", machine, probability, reviews_from(machine[heard], human, probability[heard]))
    part = probability_part(month, model, Quantity.SCORE, Scale())
    assert part is not None
    guesses = model.predict(machine)
    theirs = ppi_py.ppi_mean_pointestimate(human, guesses[heard], guesses, lam=1)
    assert part.value == pytest.approx(float(np.asarray(theirs).item()))
    # Their interval takes the calls for a sample of endless ones, and no account of how many of them were heard.
    low, high = ppi_py.ppi_mean_ci(human, guesses[heard], guesses, alpha=0.05, lam=1)
    variance = (float(np.asarray(high - low).item()) / 2 / stats.norm.ppf(0.975)) ** 2
    _, own = hajek(human - guesses[heard], probability[heard])
    endless = own / (1 - n / 2000) * (n - 1) / n + guesses.var() / 2000
    assert variance == pytest.approx(endless)


def test_false_discoveries_when_compared_with_pingouin_then_the_same() -> None:
    p_values = np.random.default_rng(1).random(200) ** 3
    theirs, _ = pingouin.multicomp(p_values, alpha=0.1, method="fdr_bh")
    assert benjamini_hochberg(p_values, 0.1).tolist() == theirs.tolist()
