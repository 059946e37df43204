"""The losses of the course, from tensor arithmetic, in nats."""

from prevlib.losses.dense import IGNORE_INDEX, cross_entropy, cross_entropy_gradient, log_softmax, mlm_loss
from prevlib.losses.linear import linear_cross_entropy
