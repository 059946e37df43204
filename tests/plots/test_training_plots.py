"""What the pictures of training runs draw, read from their artists."""

import numpy as np
import pandas as pd
import pytest

from prevlib import plots


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_losses_are_drawn_raw_and_smoothed_beside_the_level_of_guessing():
    ax = plots.plot_losses({"full": [1.0, 0.5, 0.3]}, smooth=2)
    raw, smooth, guessing = ax.lines
    np.testing.assert_allclose(raw.get_ydata(), [1.0, 0.5, 0.3])
    np.testing.assert_allclose(smooth.get_ydata(), [1.0, 0.75, 0.4])
    assert guessing.get_ydata()[0] == pytest.approx(np.log(2))


def test_pretraining_is_drawn_beside_its_reference_lines():
    ax = plots.plot_pretraining({"ours": ([50, 100], [6.5, 5.0])}, {"ln V": 9.0})
    curve, level = ax.lines
    np.testing.assert_allclose(curve.get_xydata(), [[50, 6.5], [100, 5.0]])
    assert level.get_ydata()[0] == 9.0
    assert (legend(ax), ax.texts[0].get_text()) == (["ours"], "ln V")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("step", "loss on fixed masks (nats)")


def test_label_efficiency_draws_each_method_with_its_band():
    table = pd.DataFrame(
        {"method": ["full"] * 2, "n_labels": [100, 2000], "accuracy": [0.7, 0.8], "low": [0.6, 0.7]}
    ).assign(high=[0.8, 0.9])
    ax = plots.plot_label_efficiency(table)
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [100, 2000])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["100", "2,000"]
    band = ax.collections[0].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == (0.6, 0.9)
