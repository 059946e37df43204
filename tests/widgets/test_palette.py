"""The colours of all pictures stay apart for colour-blind readers, and stand out from both pages."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_hex

from prevlib.plots import COLORS, MARKERS
from prevlib.plots.style import SHARES

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
PAGES = {"white": "#ffffff", "dark": "#111111"}  # --jp-layout-color0 of the themes of JupyterLab


def linear_rgb(color):
    shares = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """CIE L*a*b* of linear RGB, white of D65."""
    xyz = SRGB_TO_XYZ @ rgb / SRGB_TO_XYZ.sum(axis=1)
    x, y, z = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(one, other):
    """As in WCAG 2."""
    dark, light = sorted(SRGB_TO_XYZ[1] @ linear_rgb(color) + 0.05 for color in (one, other))
    return light / dark


@pytest.mark.parametrize("eyes", SEEN)
def test_any_two_colours_are_told_apart(eyes):
    seen = {color: lab(np.clip(SEEN[eyes] @ linear_rgb(color), 0, 1)) for color in COLORS}
    for one, other in combinations(COLORS, 2):
        assert np.linalg.norm(seen[one] - seen[other]) > 28, f"{one} and {other}"


def test_the_check_finds_colours_that_red_green_blindness_merges():
    red, green = (lab(np.clip(SEEN["deuteranopia"] @ linear_rgb(c), 0, 1)) for c in ("#C83C3C", "#6E7828"))
    assert (
        np.linalg.norm(red - green)
        < 28
        < np.linalg.norm(lab(linear_rgb("#C83C3C")) - lab(linear_rgb("#6E7828")))
    )


@pytest.mark.parametrize("page", PAGES)
def test_every_colour_has_a_contrast_of_three_with_the_page(page):
    assert {color: contrast(color, PAGES[page]) for color in COLORS if contrast(color, PAGES[page]) < 3} == {}


def test_contrasts_are_those_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21, abs=0.01)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)  # the grey that just fails


def test_no_grey_is_dark_enough_for_one_page_and_light_enough_for_the_other():
    """Why the plots of lessons bring their white paper along."""
    greys = [f"#{3 * f'{level:02x}'}" for level in range(256)]
    assert max(min(contrast(grey, page) for page in PAGES.values()) for grey in greys) < 4.5


@pytest.mark.parametrize("page, ink", [("#ffffff", "#000000"), ("#111111", "#ffffff")])
def test_what_is_written_into_cells_can_be_read(page, ink):
    for share in np.linspace(0, 1, 101):
        *color, alpha = SHARES(share)
        behind = [alpha * part + (1 - alpha) * int(page[1:3], 16) / 255 for part in color]
        assert contrast(to_hex(behind), ink) >= 4.5, share


def test_no_two_lines_differ_by_colour_alone():
    assert len(set(MARKERS)) == len(MARKERS) >= len(COLORS)
