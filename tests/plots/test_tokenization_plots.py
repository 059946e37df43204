"""What the bars draw, read from their artists."""

from prevlib import plots


def texts(ax):
    return [text.get_text() for text in ax.texts]


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_bars_carry_numbers_intervals_and_what_is_expected():
    ax = plots.plot_bars(["a", "b"], [0.8, 0.12], low=[0.7, 0.1], high=[0.9, 0.2], expected=[0.75, 0.25])
    assert [bar.get_height() for bar in ax.patches] == [0.8, 0.12]
    assert texts(ax) == ["0.80", "0.12"]
    assert [text.xy[1] for text in ax.texts] == [0.9, 0.25]  # above bar, interval and level
    intervals, levels = (lines.get_segments() for lines in ax.collections)
    assert [segment[:, 1].tolist() for segment in intervals] == [[0.7, 0.9], [0.1, 0.2]]
    assert [segment[0, 1] for segment in levels] == [0.75, 0.25]
    assert legend(ax) == ["expected"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b"]


def test_bars_need_no_intervals():
    ax = plots.plot_bars(["a"], [1.5])
    assert texts(ax) == ["1.50"] and not ax.collections


def test_counts_are_whole_numbers_and_their_axis_has_no_fractions():
    ax = plots.plot_bars(["a", "b"], [1, 2300], expected=[1.5, 2400.0])
    assert texts(ax) == ["1", "2,300"]
    ax = plots.plot_bars(["a", "b"], [0, 1])
    assert all(float(tick).is_integer() for tick in ax.get_yticks())


def test_the_legend_stays_above_the_bars_whatever_their_heights():
    for values in ([9, 1], [1, 9]):
        ax = plots.plot_bars(["a", "b"], values, expected=[5, 5])
        ax.figure.canvas.draw()
        assert ax.get_legend().get_window_extent().y0 >= ax.bbox.y1 - 1
