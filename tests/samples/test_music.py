import numpy as np
import pytest

from samples.music import STYLES, hold_music
from samples.telephone import SAMPLE_RATE_HZ


@pytest.mark.parametrize("style", STYLES)
def test_hold_music_is_as_long_as_asked_of_unit_power_and_the_same_for_a_seed(style):
    one, same, other = (hold_music(4.0, style, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert len(one) == 4 * SAMPLE_RATE_HZ
    assert np.mean(np.square(one)) == pytest.approx(1.0, rel=1e-3)
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_hold_music_of_an_unknown_style_names_the_known_ones():
    with pytest.raises(ValueError, match="piano"):
        hold_music(1.0, "organ", np.random.default_rng(0))
