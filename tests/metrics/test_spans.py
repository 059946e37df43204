"""Spans: counted by hand, equal to seqeval in both modes and all five schemes, and what it lets pass."""

import warnings

import numpy as np
import pytest
import seqeval.metrics
import seqeval.scheme
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities
from sklearn.exceptions import UndefinedMetricWarning

from prevlib.evaluation import bootstrap_interval, paired_bootstrap_test
from prevlib.metrics import Span, extract_spans, span_counts, span_f1_of_counts, span_f1_score, span_report
from prevlib.metrics.spans.tags import SCHEMES

# Mary Ann Lee met Bo in New York today; one name is cut, one is of another type, one is invented.
Y_TRUE = "B-PER I-PER I-PER O B-PER O B-LOC I-LOC O".split()
Y_PRED = "B-PER I-PER O O B-PER O B-ORG I-ORG B-MISC".split()
SPANS = [Span("PER", 1, 3), Span("PER", 3, 4), Span("LOC", 5, 6)]  # in six words
WRITTEN = {
    "IOB1": "O I-PER I-PER B-PER O I-LOC",
    "IOB2": "O B-PER I-PER B-PER O B-LOC",
    "IOE2": "O I-PER E-PER E-PER O E-LOC",
    "IOBES": "O B-PER E-PER S-PER O S-LOC",
    "BILOU": "O B-PER L-PER U-PER O U-LOC",
}
TYPES = ("PER", "LOC", "A-B")
MODES = [(None, scheme) for scheme in SCHEMES if scheme != "BILOU"] + [("strict", s) for s in SCHEMES]


def tags_of(scheme):
    return ["O", *(f"{prefix}-{kind}" for prefix in SCHEMES[scheme] for kind in TYPES)]


def sequences_of(scheme, **options):
    return st.lists(st.sampled_from(tags_of(scheme)), **options)


@st.composite
def corpora(draw, scheme="IOB2"):
    """Sentences, and predictions that share some tags with them."""
    y_true = draw(st.lists(sequences_of(scheme, max_size=8), min_size=1, max_size=5))
    others = [draw(sequences_of(scheme, min_size=len(tags), max_size=len(tags))) for tags in y_true]
    keep = st.lists(st.booleans(), min_size=8, max_size=8)
    return y_true, [
        [a if kept else b for a, b, kept in zip(tags, other, draw(keep), strict=False)]
        for tags, other in zip(y_true, others, strict=True)
    ]


def spans_of_seqeval(tags, mode, scheme):
    if mode is None:
        return [(kind, start, last + 1) for kind, start, last in get_entities(tags)]
    found = seqeval.scheme.Tokens(tags, getattr(seqeval.scheme, scheme)).entities
    return [(entity.tag, entity.start, entity.end) for entity in found]


def f1_of_seqeval(*args, scheme, **options):
    return seqeval.metrics.f1_score(*args, scheme=getattr(seqeval.scheme, scheme), **options)


# Counted by hand


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_same_spans_are_written_in_five_ways(scheme):
    tags = WRITTEN[scheme].split()
    for mode in (None, "strict"):
        assert extract_spans(tags, mode=mode, scheme=scheme) == SPANS
    assert extract_spans(tags, mode="strict", scheme=getattr(seqeval.scheme, scheme)) == SPANS


def test_a_span_is_a_slice_of_the_words():
    words = "Mary Ann Lee met Bo in New York today".split()
    spans = extract_spans(Y_TRUE)
    assert [words[start:end] for _, start, end in spans] == [["Mary", "Ann", "Lee"], ["Bo"], ["New", "York"]]
    assert spans[0].type == "PER" and (spans[0].start, spans[0].end) == (0, 3)


@pytest.mark.parametrize(
    "scheme, tags, repaired, strict",
    [
        ("IOB2", "O I-PER", [("PER", 1, 2)], []),
        ("IOB2", "B-PER I-LOC", [("PER", 0, 1), ("LOC", 1, 2)], [("PER", 0, 1)]),
        ("IOB2", "I-PER B-PER", [("PER", 0, 1), ("PER", 1, 2)], [("PER", 1, 2)]),
        ("IOB1", "B-PER I-PER", [("PER", 0, 2)], [("PER", 1, 2)]),  # B, with nothing to part from
        ("IOE2", "I-PER O", [("PER", 0, 1)], []),  # never ends
        ("IOE2", "I-PER E-LOC", [("PER", 0, 1), ("LOC", 1, 2)], [("LOC", 1, 2)]),
        ("IOBES", "B-PER O", [("PER", 0, 1)], []),
        ("IOBES", "E-PER E-PER", [("PER", 0, 1), ("PER", 1, 2)], []),
        ("IOBES", "B-PER S-PER", [("PER", 0, 1), ("PER", 1, 2)], [("PER", 1, 2)]),
        ("BILOU", "U-PER U-PER", [("PER", 0, 1), ("PER", 1, 2)], [("PER", 0, 1), ("PER", 1, 2)]),
        ("BILOU", "I-PER L-PER", [("PER", 0, 2)], []),
    ],
)
def test_what_no_scheme_allows_is_repaired_or_dropped(scheme, tags, repaired, strict):
    assert extract_spans(tags.split(), scheme=scheme) == repaired
    assert extract_spans(tags.split(), scheme=scheme, mode="strict") == strict


def test_f1_by_hand():
    # PER: of 2 true and 2 predicted, 1 is right: 1/2. LOC, ORG and MISC: 0. Together 2 / (3 + 4).
    options = {"zero_division": 0}
    assert span_f1_score([Y_TRUE], [Y_PRED]) == pytest.approx(2 / 7)
    assert span_f1_score([Y_TRUE], [Y_PRED], average=None, **options).tolist() == [0, 0, 0, 0.5]
    assert span_f1_score([Y_TRUE], [Y_PRED], average="macro", **options) == 0.5 / 4
    assert span_f1_score([Y_TRUE], [Y_PRED], average="weighted", **options) == pytest.approx(0.5 * 2 / 3)


def test_the_report_by_hand():
    report = span_report([Y_TRUE], [Y_PRED], zero_division=0)
    assert report.table.round(3).T.to_dict("list") == {
        "LOC": [0, 0, 0, 1],
        "MISC": [0, 0, 0, 0],
        "ORG": [0, 0, 0, 0],
        "PER": [0.5, 0.5, 0.5, 2],
        "micro avg": [0.25, 0.333, 0.286, 3],
        "macro avg": [0.125, 0.125, 0.125, 3],
    }
    assert list(report.table.columns) == ["precision", "recall", "f1-score", "support"]
    assert report.table["support"].dtype.kind == "i"
    assert report.errors == (1, 1, 1, 0, 0, 1)


@pytest.mark.parametrize(
    "y_true, y_pred, kinds",
    [
        ("B-PER I-PER O", "B-PER I-PER O", {"correct": 1}),
        ("B-PER I-PER O", "B-LOC I-LOC O", {"wrong_type": 1}),
        ("B-PER I-PER O", "B-PER O O", {"wrong_boundary": 1}),
        ("B-PER I-PER O", "O B-PER I-PER", {"wrong_boundary": 1}),
        ("B-PER I-PER O", "B-LOC O O", {"wrong_both": 1}),
        ("B-PER I-PER O", "O O O", {"missed": 1}),
        ("B-PER I-PER O", "O O B-PER", {"missed": 1, "spurious": 1}),
        ("O O O", "B-PER B-PER B-LOC", {"spurious": 3}),
        ("B-PER I-PER I-PER", "B-LOC B-PER O", {"wrong_boundary": 1}),  # the better of two
        ("B-PER B-PER B-LOC", "B-PER I-PER I-PER", {"wrong_boundary": 2, "wrong_both": 1}),
    ],
)
def test_kinds_of_errors_by_hand(y_true, y_pred, kinds):
    errors = span_report([y_true.split()], [y_pred.split()], zero_division=0).errors
    assert {kind: n for kind, n in errors._asdict().items() if n} == kinds


def test_every_token_as_a_sentence_of_its_own_scores_parts_of_names():
    y_true = "B-PER I-PER O B-LOC I-LOC O".split()
    y_pred = "B-PER O O B-LOC I-LOC I-LOC".split()
    assert span_f1_score([y_true], [y_pred]) == 0.00
    assert span_f1_score([[tag] for tag in y_true], [[tag] for tag in y_pred]) == 0.75
    for flat in ((y_true, y_pred), ([y_true], y_pred)):
        with pytest.raises(TypeError, match="Do not make each word a sentence of its own"):
            span_f1_score(*flat)


def test_spans_end_with_their_sentence():
    assert span_counts([["B-PER"], ["I-PER"], [], ["O"]], [["B-PER"], ["O"], [], ["B-LOC"]]).tolist() == [
        [1, 1, 1],
        [0, 0, 1],
        [0, 0, 0],
        [0, 1, 0],
    ]


def test_an_interval_and_a_paired_test_from_counts():
    y_true = [["B-PER", "I-PER", "O"], ["B-LOC", "O", "B-PER"]] * 50
    good = y_true[:95] + [["O"] * 3] * 5
    poor = [["B-PER", "O", "O"], ["B-LOC", "O", "B-PER"]] * 50
    counts_good, counts_poor = span_counts(y_true, good), span_counts(y_true, poor)
    estimate, low, high, _ = bootstrap_interval(
        span_f1_of_counts, counts_good, counts_good, n_resamples=500, method="percentile"
    )
    assert estimate == span_f1_score(y_true, good)
    assert low < estimate < high < 1
    # The same draws, sentence by sentence, through the tags: slow, and equal.
    rng, scores = np.random.default_rng(0), []
    for _ in range(500):
        rows = rng.integers(100, size=100)
        scores.append(span_f1_score([y_true[i] for i in rows], [good[i] for i in rows]))
    assert [low, high] == pytest.approx(np.quantile(scores, [0.025, 0.975]))
    gap = paired_bootstrap_test(span_f1_of_counts, counts_good, counts_good, counts_poor, n_resamples=500)
    assert gap.difference.estimate == pytest.approx(estimate - span_f1_score(y_true, poor))
    assert gap.p_value < 0.01
    assert span_f1_of_counts(None, np.zeros((3, 3), dtype=int)) == 0


# seqeval as oracle


@pytest.mark.parametrize("mode, scheme", MODES)
@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_spans_equal_seqevals(mode, scheme, data):
    tags = data.draw(sequences_of(scheme, max_size=12))
    assert extract_spans(tags, mode=mode, scheme=scheme) == spans_of_seqeval(tags, mode, scheme)


@pytest.mark.parametrize("n_sequences", [2_000, pytest.param(20_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("mode, scheme", MODES)
def test_f1_equals_seqevals_on_many_small_corpora(mode, scheme, n_sequences):
    rng = np.random.default_rng(len(scheme) + n_sequences)
    tags = np.array(tags_of(scheme))
    shape = (2, n_sequences, 8)
    drawn = np.where(rng.random(shape) < 0.3, 0, rng.integers(len(tags), size=shape))
    drawn[1] = np.where(rng.random(shape[1:]) < 0.6, *drawn)
    lengths = rng.integers(1, 9, n_sequences)
    y_true, y_pred = (
        [row[:length] for row, length in zip(tags[numbers].tolist(), lengths, strict=True)]
        for numbers in drawn
    )
    scores = []
    for start in range(0, n_sequences, 4):  # four sentences a corpus, so that no difference averages out
        corpus = (y_true[start : start + 4], y_pred[start : start + 4])
        average = ("micro", None, "weighted", "macro")[start // 4 % 4]
        options = {"average": average, "zero_division": start // 16 % 2, "mode": mode, "scheme": scheme}
        if average == "macro" and not span_counts(*corpus, mode=mode, scheme=scheme).any():
            continue  # nan there
        scores.append(span_f1_score(*corpus, **options))
        np.testing.assert_allclose(scores[-1], f1_of_seqeval(*corpus, **options), atol=1e-12)
    assert 0.2 < np.mean(np.concatenate([np.atleast_1d(score) for score in scores])) < 0.8


@pytest.mark.parametrize("mode, scheme", [(None, "IOBES"), ("strict", "IOB2"), ("strict", "BILOU")])
@given(data=st.data(), zero_division=st.sampled_from([0, 1]))
@settings(max_examples=40, deadline=None)
def test_the_report_equals_seqevals(mode, scheme, data, zero_division):
    y_true, y_pred = data.draw(corpora(scheme))
    options = {"mode": mode, "zero_division": zero_division}
    ours = span_report(y_true, y_pred, scheme=scheme, **options).table
    if len(ours) == 2:  # no types at all: seqeval fails
        assert (ours[["precision", "recall", "f1-score"]] == zero_division).all(axis=None)
        return
    theirs = seqeval.metrics.classification_report(
        y_true, y_pred, output_dict=True, scheme=getattr(seqeval.scheme, scheme), **options
    )
    theirs.pop("weighted avg")
    assert list(ours.index) == list(theirs)
    np.testing.assert_allclose(ours.to_numpy(), [list(row.values()) for row in theirs.values()], atol=1e-12)


def test_where_we_differ_seqeval_goes_on():
    # L and U are unknown letters to its default mode: neighbours are merged, and of two spans one is lost.
    y_true = [["U-PER", "U-PER"], ["B-PER", "L-PER", "B-PER", "L-PER"]]
    with pytest.warns(UserWarning, match="seems not to be NE tag"):
        assert [get_entities(tags) for tags in y_true] == [[("PER", 0, 1)], [("PER", 2, 3)]]
    assert span_counts(y_true, y_true, scheme="BILOU")[:, 2].tolist() == [2, 2]
    # Strict without a scheme is not strict.
    y_true, y_pred = [["B-PER", "O"]], [["I-PER", "O"]]
    assert seqeval.metrics.f1_score(y_true, y_pred, mode="strict") == 1
    assert span_f1_score(y_true, y_pred, mode="strict", scheme="IOB2") == 0
    # A tag without a dash is a span.
    with pytest.warns(UserWarning, match="seems not to be NE tag"):
        assert get_entities(["PERSON"]) == [("ERSON", 0, 0)]


# Properties


@given(data=corpora())
@settings(max_examples=60, deadline=None)
def test_what_adds_up(data):
    y_true, y_pred = data
    counts = span_counts(y_true, y_pred)
    report = span_report(y_true, y_pred, zero_division=0)
    assert counts.shape == (len(y_true), 3) and counts.dtype.kind == "i"
    assert span_f1_of_counts(None, counts) == report.table.loc["micro avg", "f1-score"]
    assert span_f1_score(y_true, y_pred, zero_division=0) == report.table.loc["micro avg", "f1-score"]
    assert report.table.loc["micro avg", "support"] == counts[:, 2].sum() == sum(report.errors[:5])
    assert report.errors.correct == counts[:, 0].sum()
    assert report.errors.correct + report.errors.wrong_type + report.errors.spurious <= counts[:, 1].sum()
    # Sentence by sentence, in any order, with truth and prediction exchanged
    alone = [span_counts([a], [b])[0].tolist() for a, b in zip(y_true, y_pred, strict=True)]
    assert alone == counts.tolist()
    assert span_counts(y_pred[::-1], y_true[::-1]).tolist() == counts[::-1, [0, 2, 1]].tolist()
    assert span_f1_score(y_true, y_true, zero_division=1) == 1


@given(tags=sequences_of("IOBES", max_size=12))
@settings(max_examples=60, deadline=None)
def test_strict_spans_are_spans_of_the_default_mode_and_it_covers_every_tag(tags):
    repaired = extract_spans(tags)
    assert set(extract_spans(tags, mode="strict", scheme="IOBES")) <= set(repaired)
    covered = [place for _, start, end in repaired for place in range(start, end)]
    assert covered == [place for place, tag in enumerate(tags) if tag != "O"]


def test_sentences_may_be_tuples_and_arrays():
    arrays = [np.array([tags] * 2) for tags in (Y_TRUE, Y_PRED)]
    assert span_f1_score(*arrays) == span_f1_score((tuple(Y_TRUE),), (tuple(Y_PRED),)) == pytest.approx(2 / 7)


# Errors and warnings, by their text


@pytest.mark.parametrize(
    "args, options, error, text",
    [
        ((["O"], ["O"]), {}, TypeError, "`y_true` must be a list of sentences.*got 'O' as sentence 0. Wrap"),
        (([["O"]], [None]), {}, TypeError, "`y_pred` must be a list of sentences.*got None as sentence 0"),
        (("B-PER", "B-PER"), {}, TypeError, "got 'B' as sentence 0"),
        (([], []), {}, ValueError, "`y_true` must hold at least one sentence; got none. Did a filter"),
        (
            ([["O"]], [["O"]] * 2),
            {},
            ValueError,
            "`y_pred` must hold as many sentences as `y_true`, 1; got 2",
        ),
        (
            ([["O"], ["O"] * 5], [["O"], ["O"] * 4]),
            {},
            ValueError,
            "Sentence 1 of `y_pred` must have as many tags as that of `y_true`, 5; got 4. Was it cut",
        ),
        (
            ([["O"], [3]], [["O"], ["O"]]),
            {},
            TypeError,
            "must be strings; got 3 in sentence 1 of `y_true`. Turn",
        ),
        (([["O"]], [[["O"]]]), {}, TypeError, r"must be strings; got \['O'\] in sentence 0 of `y_pred`"),
        (
            ([["PER"]], [["O"]]),
            {},
            ValueError,
            "must be O, or one of B-, I-, E-, S- and a type; got 'PER' in",
        ),
        (([["B-"]], [["O"]]), {}, ValueError, "got 'B-' in sentence 0 of `y_true`. Which scheme is it"),
        (([["-PER"]], [["O"]]), {}, ValueError, "got '-PER'"),
        (([["BI-PER"]], [["O"]]), {}, ValueError, "got 'BI-PER'"),
        (([["b-PER"]], [["O"]]), {}, ValueError, "got 'b-PER'"),
        (
            ([["O"]], [["U-PER"]]),
            {},
            ValueError,
            "got 'U-PER' in sentence 0 of `y_pred`. Name the scheme, sch",
        ),
        (
            ([["O"]], [["S-PER"]]),
            {"mode": "strict", "scheme": "IOB2"},
            ValueError,
            "Tags of IOB2 must be O, or one of B-, I- and a type; got 'S-PER'",
        ),
        (([["O"]], [["B-PER"]]), {"scheme": "IOE2"}, ValueError, "Tags of IOE2 must be .* I-, E- and"),
        (([["O"]], [["O"]]), {"mode": "strict"}, ValueError, "or None unless strict; got 'strict' and None"),
        (
            ([["O"]], [["O"]]),
            {"mode": "lenient"},
            ValueError,
            '`mode` must be None or "strict".*got .lenient',
        ),
        (([["O"]], [["O"]]), {"scheme": "IOB"}, ValueError, "one of IOB1, IOB2, IOE2, IOBES, BILOU.*'IOB'"),
        (([["O"]], [["O"]]), {"average": "binary"}, ValueError, "`average` must be.*got 'binary'"),
        (
            ([["O"]], [["O"]]),
            {"zero_division": 2},
            ValueError,
            '`zero_division` must be 0, 1 or "warn"; got 2',
        ),
    ],
)
def test_impossible_arguments_are_refused(args, options, error, text):
    with pytest.raises(error, match=text):
        span_f1_score(*args, **options)
    if "average" not in options:
        with pytest.raises(error, match=text):
            span_report(*args, **options)


@pytest.mark.parametrize("tags", ["O", [["O"]], [1]])
def test_only_the_tags_of_one_sentence_become_spans(tags):
    with pytest.raises(
        TypeError, match=r"`tags` must be the tags of one sentence.*\[extract_spans\(tags\) for"
    ):
        extract_spans(tags)
    assert extract_spans([]) == []


def test_nothing_to_find_and_nothing_found_is_undefined():
    for average in ("micro", "macro", "weighted"):
        with pytest.warns(UndefinedMetricWarning, match="F-score .* no true nor predicted spans") as caught:
            assert span_f1_score([["O"]], [["O"]], average=average) == 0
        assert caught[0].filename == __file__
        assert span_f1_score([["O"]], [["O"]], average=average, zero_division=1) == 1
    assert span_f1_score([["O"]], [["O"]], average=None).tolist() == []
    with pytest.warns(UndefinedMetricWarning, match="Precision .* no predicted spans") as caught:
        span_report([["B-PER", "O"]], [["O", "O"]])
    assert {warning.filename for warning in caught} == {__file__}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        span_report([["B-PER", "O"]], [["O", "O"]], zero_division=0)
