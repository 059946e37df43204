"""Spans: names are right or wrong as a whole, so taggers are scored by names, not by words.

``classification`` compares labels one by one. A tagger also labels words one by one, but what its user wants
are the names: spans of words with a type. "New York City" found as "New York" is two words right, and a name
wrong. So ``tags.py`` turns tags into spans, and for ``scores.py`` a predicted span is right only if its type,
start and end are.

Arguments and values are those of seqeval 1.2.2, in both modes and all five schemes. We differ where seqeval
goes on in silence or with a warning: a tag that is not of the scheme, and strict mode without a scheme, which
it scores in default mode, are errors here. In default mode it takes L and U for unknown letters and loses
spans; here they are read, with ``scheme="BILOU"``. A macro average over no types is 0/0 here, not nan. Left
out: IOE1, which is unfinished there, tags with the prefix behind the type, and weights, which it ignores.

Used in notebook 13.
"""

from prevlib.metrics.spans.scores import (
    SpanErrors,
    SpanReport,
    span_counts,
    span_f1_of_counts,
    span_f1_score,
    span_report,
)
from prevlib.metrics.spans.tags import Span, extract_spans
