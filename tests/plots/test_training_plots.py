"""What the pictures of training runs draw, read from their artists."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from prevlib import plots


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_losses_are_drawn_raw_and_smoothed_beside_the_level_of_guessing():
    ax = plots.plot_losses({"full": [1.0, 0.5, 0.3]}, smooth=2)
    raw, smooth, guessing = ax.lines
    np.testing.assert_allclose(raw.get_xydata(), [[1, 1.0], [2, 0.5], [3, 0.3]])
    np.testing.assert_allclose(smooth.get_xydata(), [[1, 1.0], [2, 0.75], [3, 0.4]])
    assert guessing.get_ydata()[0] == pytest.approx(np.log(2))
    assert (legend(ax), ax.texts[0].get_text()) == (["full"], "guessing\n(ln 2)")
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_ylim()[0]) == ("step", "training loss (nats)", 0)


def test_pretraining_is_drawn_beside_its_reference_lines():
    ax = plots.plot_pretraining({"ours": ([50, 100], [6.5, 5.0])}, {"ln V": 9.0})
    curve, level = ax.lines
    np.testing.assert_allclose(curve.get_xydata(), [[50, 6.5], [100, 5.0]])
    assert level.get_ydata()[0] == 9.0
    assert (legend(ax), ax.texts[0].get_text()) == (["ours"], "ln V")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("step", "loss on fixed masks (nats)")


def test_label_efficiency_draws_each_method_with_its_intervals():
    rows = [("full", 2000, 0.8, 0.7, 0.9), ("full", 100, 0.7, 0.6, 0.8)]  # budgets in any order
    rows += [("scratch", 100, 0.5, 0.45, 0.55), ("scratch", 2000, 0.6, 0.5, 0.65)]
    ax = plots.plot_label_efficiency(
        pd.DataFrame(rows, columns=["method", "n_train", "accuracy", "low", "high"])
    )
    full, scratch = ax.lines
    np.testing.assert_allclose(full.get_xydata(), [[100, 0.7], [2000, 0.8]], rtol=0.02)
    assert full.get_xdata()[0] < 100 < scratch.get_xdata()[0]  # side by side
    np.testing.assert_allclose(scratch.get_xydata(), [[100, 0.5], [2000, 0.6]], rtol=0.02)
    ends = [[segment[:, 1].tolist() for segment in lines.get_segments()] for lines in ax.collections]
    assert ends == [[[0.6, 0.8], [0.7, 0.9]], [[0.45, 0.55], [0.5, 0.65]]]
    assert [to_hex(lines.get_color()[0]) for lines in ax.collections] == [
        to_hex(line.get_color()) for line in ax.lines
    ]
    bands = [band.get_paths()[0].vertices[:, 1] for band in ax.collections]
    assert [(band.min(), band.max()) for band in bands] == [(0.6, 0.9), (0.45, 0.65)]
    assert legend(ax) == ["full", "scratch"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["100", "2,000"]
    assert ax.get_xscale() == "log"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("labelled reviews for training", "test accuracy")
