"""Every plot as a picture: nothing is cut or covered, axes are named, all have one look, and it stays.

What a plot draws is tested beside this file; ``baselines.py`` draws all of them to be looked at.
"""

import importlib.util
import re
from itertools import combinations
from pathlib import Path

import matplotlib
import pytest
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import to_hex
from matplotlib.testing.compare import compare_images
from matplotlib.text import Text

from prevlib import plots
from prevlib.plots.style import COLORS, SIZE

HERE = Path(__file__).parent
spec = importlib.util.spec_from_file_location("baselines", HERE / "baselines.py")
baselines = importlib.util.module_from_spec(spec)
spec.loader.exec_module(baselines)
[PINNED] = re.findall("^matplotlib==(.*)$", (HERE.parents[1] / "constraints.txt").read_text(), re.MULTILINE)
TOLERANCE = 2  # of 255, root mean square; other letters or another layout make 9 and more
QUIET = {"#000000", "#ffffff", *map(str.lower, COLORS)}


@pytest.fixture(params=baselines.DRAWINGS)
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
    source = (HERE / "baselines.py").read_text(encoding="utf-8")
    drawn = set(re.findall(r"\bplots\.(plot_\w+)\(", source))
    files = Path(plots.__file__).parent.glob("*.py")
    defined = {
        n for f in files for n in re.findall(r"^def (plot_\w+)", f.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert drawn == defined == {n for n in plots.__all__ if n.startswith("plot_")}


def test_every_plot_has_a_test_of_what_it_draws():
    tests = "".join(f.read_text(encoding="utf-8") for f in HERE.glob("test_*_plots.py"))
    for plot in plots.__all__:
        assert not plot.startswith("plot_") or re.search(rf"\b{plot}\(", tests), plot


def test_nothing_is_cut_or_covered_and_numbers_have_a_name(name):
    assert faults(baselines.DRAWINGS[name]()) == []


def test_it_has_the_look_of_the_course(name):
    ax = baselines.DRAWINGS[name]()
    assert ax.figure.get_figwidth() == SIZE[0]
    assert not any(ax.spines[side].get_visible() and ax.axison for side in ("top", "right"))
    assert {to_hex(line.get_color()) for line in ax.lines} <= QUIET
    colors = [color for drawn in ax.collections for color in (*drawn.get_facecolor(), *drawn.get_edgecolor())]
    assert {to_hex(color) for color in colors} <= QUIET
    assert ax.get_legend() is None or not ax.get_legend().get_frame_on()


@pytest.mark.skipif(
    matplotlib.__version__ != PINNED,
    reason=f"the pictures were drawn by Matplotlib {PINNED}: other versions space and smooth otherwise",
)
def test_it_looks_as_before(name, tmp_path):
    baselines.draw(name, tmp_path / f"{name}.png", baselines.SMALL)
    difference = compare_images(baselines.BASELINE / f"{name}.png", tmp_path / f"{name}.png", TOLERANCE)
    assert difference is None, (
        f"{difference}If it shall look so now, run: python tests/plots/baselines.py --keep"
    )


def test_no_picture_is_kept_of_a_plot_that_is_gone():
    assert {path.stem for path in baselines.BASELINE.glob("*")} == set(baselines.DRAWINGS)


def test_a_picture_with_faults_is_noticed(tmp_path):
    ax = plots.plot_bars(["many letters in this name", "and in this one", "and more"] * 2, [1.0] * 6)
    ax.text(1.1, 0.5, "far to the right", transform=ax.transAxes).set_in_layout(False)
    found = faults(ax)
    assert "'far to the right' is cut" in found
    assert "'many letters in this name' and 'and in this one' overlap" in found
    assert "the y axis has numbers and no name" in found
    ax = baselines.DRAWINGS["layers"]()
    ax.get_legend().remove()
    ax.figure.savefig(tmp_path / "layers.png", dpi=baselines.SMALL)
    assert compare_images(baselines.BASELINE / "layers.png", tmp_path / "layers.png", TOLERANCE) is not None
