"""Can a probability be taken at its word? Scores of probabilities, calibration, a repair of over-confidence.

Decisions forget how sure the model was; here its probabilities are judged. ``scores.py`` has the log loss and
the Brier score, which reward two things at once: to tell the classes apart, and to be right as often as one
says. ``bins.py`` looks at the second alone: of the samples with a probability of 0.8, 80 % should come true.
``temperature.py`` mends it with one number that changes no decision.

``log_loss``, ``brier_score_loss`` and ``calibration_curve`` have scikit-learn's arguments and values and pass
its own tests. Left out: Platt's and isotonic calibration, which scikit-learn fits. Used in notebook 09.
"""

from prevlib.metrics.calibration.bins import (
    ReliabilityBins,
    calibration_curve,
    expected_calibration_error,
    reliability_bins,
)
from prevlib.metrics.calibration.scores import brier_score_loss, log_loss
from prevlib.metrics.calibration.temperature import Temperature, temperature_scale
