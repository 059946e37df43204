"""What a score is worth: intervals now, comparisons and the rest as the course grows."""

from prevlib.evaluation.uncertainty import Interval, wilson_interval

__all__ = ["Interval", "wilson_interval"]
