"""Pictures of the course: every ``plot_*`` takes arrays and returns matplotlib Axes."""

from prevlib.plots.calibration import plot_reliability
from prevlib.plots.evaluation import plot_intervals, plot_resamples
from prevlib.plots.features import plot_layers, plot_projection
from prevlib.plots.interpretation import plot_attention, plot_token_strip
from prevlib.plots.losses import plot_gradient, plot_loss_of_probability
from prevlib.plots.metrics import plot_confusion_matrix, plot_thresholds
from prevlib.plots.selection import plot_pareto
from prevlib.plots.style import COLORS, MARKERS
from prevlib.plots.tokenization import plot_bars
from prevlib.plots.training import plot_label_efficiency, plot_losses, plot_pretraining
