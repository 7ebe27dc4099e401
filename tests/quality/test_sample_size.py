"""Every number that the sample-size article of the trade prints, and what it leaves out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import samplesize_confint_proportion

from pipeline.errors import StatisticsError
from quality.sample_size import (
    mean_interval,
    mean_table,
    rate_table,
    size_for_mean,
    size_for_rate,
    truncated,
    z_value,
)
from quality.words import Mode

SCORES = (67, 77, 79, 79, 83, 84, 87, 89, 99, 100)
"""Ten scores with the article's sum (844) and spread."""


def test_mean_interval_when_articles_ten_scores_then_its_numbers() -> None:
    interval = mean_interval(SCORES, student_t=False)
    assert (interval.n, interval.mean) == (10, pytest.approx(84.4))
    assert interval.sd == pytest.approx(10.0133, abs=5e-5)
    assert interval.sd_of_all == pytest.approx(9.4995, abs=5e-5)


def test_mean_interval_when_sd_is_taken_as_ten_then_the_articles_ends() -> None:
    standard_error = 10 / 10**0.5
    half_width = z_value(0.95) * standard_error
    assert standard_error == pytest.approx(3.1623, abs=5e-5)
    assert half_width == pytest.approx(6.1981, abs=5e-5)
    assert (truncated(84.4 - half_width), truncated(84.4 + half_width)) == (78, 90)


def test_mean_interval_when_t_then_wider_and_as_scipy_has_it() -> None:
    interval = mean_interval(SCORES)
    low, high = stats.t.interval(0.95, 9, loc=np.mean(SCORES), scale=stats.sem(SCORES))
    assert (interval.low, interval.high) == (pytest.approx(low), pytest.approx(high))
    assert interval.half_width == pytest.approx(7.163, abs=1e-3)
    assert (interval.low, interval.high) == (pytest.approx(77.24, abs=5e-3), pytest.approx(91.56, abs=5e-3))


@pytest.mark.parametrize(
    ("sd", "error", "raw", "article", "guarantee"),
    [
        (10, 3, 42.6844, 43, 43),
        (15, 3, 96.04, 96, 97),
        (20, 3, 170.7378, 171, 171),
        (15, 5, 34.5744, 35, 35),
        (10, 5, 15.3664, 15, 16),
        (20, 5, 61.4656, 61, 62),
    ],
)
def test_size_for_mean_when_articles_cases_then_its_numbers(
    sd: float, error: float, raw: float, article: int, guarantee: int
) -> None:
    size = size_for_mean(sd, error, mode=Mode.ARTICLE)
    assert (size.raw, size.n) == (pytest.approx(raw, abs=5e-5), article)
    assert size_for_mean(sd, error).n == guarantee


@pytest.mark.parametrize(
    ("rate", "error", "raw", "article", "guarantee"),
    [
        (0.95, 0.03, 184.089, 184, 185),
        (0.90, 0.03, 322.260, 322, 323),
        (0.90, 0.05, 129.353, 129, 130),
        (0.95, 0.05, 70.420, 70, 71),
    ],
)
def test_size_for_rate_when_articles_cases_then_its_numbers(
    rate: float, error: float, raw: float, article: int, guarantee: int
) -> None:
    size = size_for_rate(rate, error, population=2000, mode=Mode.ARTICLE)
    assert (size.raw, size.n) == (pytest.approx(raw, abs=5e-4), article)
    assert size_for_rate(rate, error, population=2000).n == guarantee


@pytest.mark.parametrize(("sd", "error", "n"), [(10, 3, 46), (15, 3, 99), (20, 3, 174), (15, 5, 38)])
def test_size_for_mean_when_t_honest_then_a_few_more(sd: float, error: float, n: int) -> None:
    size = size_for_mean(sd, error, student_t=True)
    assert size.n == n
    assert size.half_width <= error
    assert stats.t.ppf(0.975, n - 2) * sd / (n - 1) ** 0.5 > error, "one fewer does not hold"


@pytest.mark.parametrize(("sd", "n"), [(10, 42), (15, 92), (20, 157)])
def test_size_for_mean_when_population_is_finite_then_fewer(sd: float, n: int) -> None:
    assert size_for_mean(sd, 3, population=2000, mode=Mode.ARTICLE).n == n


def test_per_week_when_article_then_truncated_else_rounded_up() -> None:
    assert [size_for_mean(sd, 3, mode=Mode.ARTICLE).per_week for sd in (20, 10)] == [42, 10]
    assert [size_for_mean(sd, 3).per_week for sd in (20, 10)] == [43, 11]
    assert [truncated(count / 4) for count in (171, 43)] == [42, 10]


def test_at_least_n_is_rounded_down_in_four_of_the_articles_seven_cases() -> None:
    article = [size_for_mean(sd, error, mode=Mode.ARTICLE) for sd, error in ((10, 3), (15, 3), (20, 3), (15, 5))]
    article += [
        size_for_rate(rate, error, population=2000, mode=Mode.ARTICLE)
        for rate, error in ((0.95, 0.03), (0.90, 0.03), (0.90, 0.05))
    ]
    assert sum(size.n < size.raw for size in article) == 4


def test_size_for_rate_when_population_is_unlimited_then_as_statsmodels() -> None:
    for rate in (0.05, 0.3, 0.5, 0.9):
        ours = size_for_rate(rate, 0.03).raw
        assert ours == pytest.approx(samplesize_confint_proportion(rate, 0.03), rel=1e-4)
        assert ours == pytest.approx(size_for_rate(1 - rate, 0.03).raw)
    assert size_for_rate(0.5, 0.03).n > size_for_rate(0.3, 0.03).n, "a lower rate needs fewer calls below one half"


def test_half_width_when_every_call_is_reviewed_then_nothing_is_left_to_chance() -> None:
    size = size_for_mean(10, 0.001, population=50)
    assert (size.n, size.half_width) == (50, 0.0)
    assert size_for_mean(10, 0.001, population=50, student_t=True).n == 50


def test_tables_when_asked_then_one_cell_for_each_pair_row_by_row() -> None:
    cells = mean_table([10, 15], [3, 5], mode=Mode.ARTICLE)
    assert [(cell.spread, cell.error, cell.size.n) for cell in cells] == [
        (10, 3, 43),
        (10, 5, 15),
        (15, 3, 96),
        (15, 5, 35),
    ]
    rates = rate_table([0.9], [0.03, 0.05], population=2000, mode=Mode.ARTICLE)
    assert [cell.size.n for cell in rates] == [322, 129]


@pytest.mark.parametrize(("confidence", "z"), [(0.90, 1.645), (0.95, 1.96), (0.99, 2.576)])
def test_z_value_then_as_printed_tables_have_it(confidence: float, z: float) -> None:
    assert z_value(confidence) == z


@pytest.mark.parametrize(
    ("call", "says"),
    [
        pytest.param(lambda: size_for_mean(0, 3), "sd is 0; expected more than 0", id="no spread"),
        pytest.param(lambda: size_for_mean(float("nan"), 3), "sd is nan", id="nan"),
        pytest.param(lambda: size_for_mean(10, 0), "error is 0", id="no error allowed"),
        pytest.param(lambda: size_for_mean(10, 1e-6), "at most 1e+09", id="absurdly many"),
        pytest.param(lambda: size_for_mean(10, 1e-6, student_t=True), "at most 1e+09", id="absurdly many by t"),
        pytest.param(lambda: size_for_mean(10, 3, population=0), "population is 0", id="empty month"),
        pytest.param(lambda: size_for_rate(1, 0.03), "rate is 1; expected more than 0 and less than 1", id="rate 1"),
        pytest.param(lambda: size_for_rate(0.9, 3), "error is 3", id="error in percent"),
        pytest.param(lambda: z_value(95), "confidence is 95", id="confidence in percent"),
        pytest.param(lambda: mean_interval([90]), "there are 1; expected at least 2", id="one call"),
        pytest.param(lambda: mean_interval([]), "there are 0; expected at least 2", id="no call"),
        pytest.param(lambda: mean_interval([90] * 4), "all 4 are equal", id="all equal"),
        pytest.param(lambda: mean_interval([90, float("nan")]), "number 2 of 2 is not a finite", id="nan score"),
    ],
)
def test_wrong_input_then_told_what_was_expected(call, says: str) -> None:
    with pytest.raises(StatisticsError) as caught:
        call()
    assert says in str(caught.value)
