"""The colours of all pictures stay apart for colour-blind readers; which of them stand out from the page."""

from itertools import combinations

import numpy as np
import pytest

from prevlib.plots import COLORS, MARKERS

# Linear RGB as dichromats see it: Machado, Oliveira & Fernandes 2009, severity 1.
SEEN = {
    "all cones": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}
SRGB_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
TOO_PALE = {"#E69F00", "#56B4E9"}  # orange and sky blue, 2.3 to 1 on white


def linear_rgb(color):
    shares = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """CIE L*a*b* of linear RGB, white of D65."""
    xyz = SRGB_TO_XYZ @ rgb / SRGB_TO_XYZ.sum(axis=1)
    x, y, z = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast_with_white(color):
    return 1.05 / (SRGB_TO_XYZ[1] @ linear_rgb(color) + 0.05)


@pytest.mark.parametrize("eyes", SEEN)
def test_any_two_colours_are_told_apart(eyes):
    seen = {color: lab(np.clip(SEEN[eyes] @ linear_rgb(color), 0, 1)) for color in COLORS}
    for one, other in combinations(COLORS, 2):
        assert np.linalg.norm(seen[one] - seen[other]) > 15, f"{one} and {other}"


def test_the_check_finds_colours_that_red_green_blindness_merges():
    red, green = (lab(np.clip(SEEN["deuteranopia"] @ linear_rgb(c), 0, 1)) for c in ("#C83C3C", "#6E7828"))
    assert (
        np.linalg.norm(red - green)
        < 15
        < np.linalg.norm(lab(linear_rgb("#C83C3C")) - lab(linear_rgb("#6E7828")))
    )


def test_contrast_with_the_page_is_as_stated():
    assert contrast_with_white("#000000") == pytest.approx(21, abs=0.01)
    assert {color for color in COLORS if contrast_with_white(color) < 3} == TOO_PALE


def test_no_two_lines_differ_by_colour_alone():
    assert len(set(MARKERS)) == len(MARKERS) >= len(COLORS)
