"""The normal distribution against the standard library's, and its draws bit by bit."""

import hashlib
import math
from random import Random
from statistics import NormalDist, fmean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit import normal

_STANDARD = NormalDist()


@given(st.floats(-12, 12))
def test_it_is_the_distribution_of_the_standard_library(value):
    assert normal.below(value) == pytest.approx(_STANDARD.cdf(value), abs=2e-15)


@given(st.floats(-12, 12), st.floats(0, 3))
def test_it_never_falls(value, step):
    assert normal.below(value) <= normal.below(value + step) + 1e-15


@given(st.floats(0, 12))
def test_both_sides_mirror_each_other(value):
    assert normal.below(value) + normal.below(-value) == 1.0


@given(st.floats(1e-9, 1 - 1e-9))
def test_a_quantile_is_where_so_much_lies_below(probability):
    assert normal.quantile(probability) == pytest.approx(_STANDARD.inv_cdf(probability), abs=1e-6)


@pytest.mark.parametrize("probability", [0.0, 1.0, -0.1, math.nan])
def test_certainty_has_no_quantile(probability):
    with pytest.raises(ValueError, match="no quantile"):
        normal.quantile(probability)


def test_draws_are_normal():
    random = Random(20180914)
    values = sorted(normal.draw(random) for _ in range(20_000))
    assert fmean(values) == pytest.approx(0, abs=0.02)
    assert pstdev(values) == pytest.approx(1, abs=0.02)
    furthest = max(
        abs((place + 0.5) / len(values) - normal.below(value)) for place, value in enumerate(values)
    )
    assert furthest < 1.63 / math.sqrt(len(values)), "Kolmogorov and Smirnov at one per cent"


def test_draws_and_probabilities_are_the_same_bits_everywhere():
    """A change of these bytes changes every published companion of a ranking."""
    random = Random(1)
    drawn = [normal.draw(random).hex() for _ in range(500)]
    known = [normal.below(step / 64).hex() for step in range(-560, 561)]
    found = hashlib.sha256("\n".join(drawn + known).encode()).hexdigest()
    assert found == "b254b469f50f76dcadcdee7f6d3a39214237d9a4c244c45fa4d995924ff0bb38"
