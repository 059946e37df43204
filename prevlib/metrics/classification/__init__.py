"""Right and wrong, counted: the classification metrics, in scikit-learn's names, arguments and values.

For each class four counts say everything: true positives (of the class, called so), false positives (called
so, but not of it), false negatives (of it, missed) and true negatives. ``targets.py`` checks the labels,
``cells.py`` counts, ``confusion.py`` lays the counts out, ``precision_recall.py`` and ``agreement.py``
divide, ``report.py`` prints.

Left out: metrics of scores instead of decisions. Used in notebook 08. scikit-learn's own tests run on these
functions in ours.
"""

from prevlib.metrics.classification.agreement import (
    balanced_accuracy_score,
    cohen_kappa_score,
    matthews_corrcoef,
)
from prevlib.metrics.classification.confusion import confusion_matrix, multilabel_confusion_matrix
from prevlib.metrics.classification.precision_recall import (
    accuracy_score,
    f1_score,
    fbeta_score,
    precision_recall_fscore_support,
    precision_score,
    recall_score,
)
from prevlib.metrics.classification.report import classification_report
