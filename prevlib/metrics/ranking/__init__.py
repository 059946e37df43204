"""Scores before a threshold makes decisions of them, in scikit-learn's names, arguments and values.

A classifier that gives scores is many classifiers, one for each threshold. ``thresholds.py`` counts what all
of them call positive, with one sort; ``curves.py`` draws the counts against each other; ``areas.py`` sums a
curve up in one number, which says how well the scores *rank* positives above negatives.

Left out: whether a score of 0.8 is right in 80 % of cases, which no ranking can tell. Used in notebook 08.
scikit-learn's own tests run on these functions in ours.
"""

from prevlib.metrics.ranking.areas import average_precision_score, roc_auc_score
from prevlib.metrics.ranking.curves import det_curve, precision_recall_curve, roc_curve
