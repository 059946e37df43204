"""Every plot as a picture: nothing is cut or covered, axes are named, all have one look, and it stays.

What a plot draws is tested beside this file; ``drawings.py`` draws them all, to be compared and looked at.
"""

import re
from itertools import combinations
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import pytest
from drawings import BASELINE, DRAWINGS, SMALL, draw
from matplotlib import ft2font
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import to_hex
from matplotlib.testing.compare import compare_images
from matplotlib.text import Text
from public_names import public_names

from prevlib import plots
from prevlib.plots.style import COLORS, SIZE

HERE = Path(__file__).parent
[PINNED] = re.findall("^matplotlib==(.*)$", (HERE.parents[1] / "constraints.txt").read_text(), re.MULTILINE)
as_drawn = pytest.mark.skipif(
    (matplotlib.__version__, ft2font.__freetype_build_type__) != (PINNED, "local"),
    reason=f"the baselines are from Matplotlib {PINNED} and its own FreeType: others space letters otherwise",
)
TOLERANCE = 2  # of 255, root mean square: a missing number makes 3 and more, a line in another colour too
QUIET = {"#000000", "#ffffff", *map(str.lower, COLORS)}


@pytest.fixture(params=DRAWINGS)
def name(request):
    return request.param


def tick_labels(axis: Axis) -> list[Text]:
    """Those that are drawn: ticks outside the limits are kept, but not shown."""
    low, high = sorted(axis.get_view_interval())
    ticks = axis.get_major_ticks() if axis.axes.axison else []
    return [tick.label1 for tick in ticks if low <= tick.get_loc() <= high and tick.label1.get_text().strip()]


def words(ax: Axes) -> list[Text]:
    """All that is written in and around the axes."""
    found = [*ax.texts, ax.title, ax._left_title]
    if ax.axison:
        found += [ax.xaxis.label, ax.yaxis.label, *tick_labels(ax.xaxis), *tick_labels(ax.yaxis)]
    if ax.get_legend():
        found += ax.get_legend().get_texts()
    return [text for text in found if text.get_text().strip()]


def faults(ax: Axes) -> list[str]:
    """What is cut, covered by other words, or without a name."""
    ax.figure.canvas.draw()
    boxes = {text: text.get_window_extent() for text in words(ax)}
    frame = ax.figure.bbox
    found = [
        f"{text.get_text()!r} is cut"
        for text, box in boxes.items()
        if box.x0 < -1 or box.y0 < -1 or box.x1 > frame.x1 + 1 or box.y1 > frame.y1 + 1
    ]
    for one, other in combinations(boxes, 2):
        turned = one.get_rotation() % 90 and other.get_rotation() % 90  # their boxes say too much
        if not turned and boxes[one].padded(-1).overlaps(boxes[other].padded(-1)):
            found.append(f"{one.get_text()!r} and {other.get_text()!r} overlap")
    for axis in (ax.xaxis, ax.yaxis) if ax.axison else ():
        numbers = any(re.fullmatch(r"[−\d.,]+[kMG]?", label.get_text()) for label in tick_labels(axis))
        if numbers and not axis.get_label_text():
            found.append(f"the {axis.axis_name} axis has numbers and no name")
    return found


def test_every_plot_is_drawn():
    source = (HERE / "drawings.py").read_text(encoding="utf-8")
    drawn = set(re.findall(r"\bplots\.(plot_\w+)\(", source))
    files = Path(plots.__file__).parent.glob("*.py")
    defined = {
        n for f in files for n in re.findall(r"^def (plot_\w+)", f.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert drawn == defined == {n for n in public_names(plots) if n.startswith("plot_")}


def test_every_plot_has_a_test_of_what_it_draws():
    tests = "".join(f.read_text(encoding="utf-8") for f in HERE.glob("test_*_plots.py"))
    for plot in public_names(plots):
        assert not plot.startswith("plot_") or re.search(rf"\b{plot}\(", tests), plot


def test_nothing_is_cut_or_covered_and_numbers_have_a_name(name):
    assert faults(DRAWINGS[name]()) == []


def test_it_has_the_look_of_the_course(name):
    ax = DRAWINGS[name]()
    assert ax.figure.get_figwidth() == SIZE[0]
    assert not any(ax.spines[side].get_visible() and ax.axison for side in ("top", "right"))
    assert {to_hex(line.get_color()) for line in ax.lines} <= QUIET
    colors = [color for drawn in ax.collections for color in (*drawn.get_facecolor(), *drawn.get_edgecolor())]
    assert {to_hex(color) for color in colors} <= QUIET
    assert ax.get_legend() is None or not ax.get_legend().get_frame_on()


def test_nothing_is_half_transparent_and_the_paper_is_white(name):
    """Otherwise colours would have less contrast than the palette promises."""
    ax = DRAWINGS[name]()
    assert ax.figure.get_facecolor() == (1, 1, 1, 1)
    drawn = [*ax.lines, *ax.collections, *ax.patches]
    assert {artist.get_alpha() for artist in drawn} <= {None, 1}


def test_it_goes_into_the_axes_it_is_given(name):
    _, (given, other) = plt.subplots(1, 2)
    assert DRAWINGS[name](given) is given
    assert given.has_data() and not other.has_data()


@as_drawn
def test_it_looks_as_before(name, tmp_path):
    draw(name, tmp_path / f"{name}.png", SMALL)
    difference = compare_images(BASELINE / f"{name}.png", tmp_path / f"{name}.png", TOLERANCE)
    assert difference is None, f"{difference}If it shall look so now, run: python tests/plots/drawings.py"


def test_the_baselines_are_those_of_the_drawings_and_small():
    kept = list(BASELINE.iterdir())
    assert {path.name for path in kept} == {f"{name}.png" for name in DRAWINGS}
    assert sum(path.stat().st_size for path in kept) < 300_000


def test_a_picture_with_faults_is_noticed():
    ax = plots.plot_bars(["many letters in this name", "and in this one", "and more"] * 2, [1.0] * 6)
    ax.text(1.1, 0.5, "far to the right", transform=ax.transAxes).set_in_layout(False)
    found = faults(ax)
    assert "'far to the right' is cut" in found
    assert "'many letters in this name' and 'and in this one' overlap" in found
    assert "the y axis has numbers and no name" in found


def swap_colors(ax: Axes) -> None:
    one, other = ax.lines
    ours, theirs = one.get_color(), other.get_color()
    one.set_color(theirs)
    other.set_color(ours)


def shift_line(ax: Axes) -> None:
    ax.lines[0].set_ydata(ax.lines[0].get_ydata() + 0.005)


@as_drawn
@pytest.mark.parametrize(
    "change, noticed",
    [
        (lambda ax: None, False),
        (swap_colors, True),
        (shift_line, True),
        (lambda ax: ax.get_legend().remove(), True),
        (lambda ax: ax.set_ylabel("score"), True),
    ],
    ids=["none", "colours swapped", "line shifted", "no legend", "other label"],
)
def test_a_planted_change_is_noticed(change, noticed, tmp_path):
    ax = DRAWINGS["layers"]()
    change(ax)
    ax.figure.savefig(tmp_path / "layers.png", dpi=SMALL)
    difference = compare_images(BASELINE / "layers.png", tmp_path / "layers.png", TOLERANCE)
    assert (difference is not None) is noticed
