"""Behavioural tests: counted by hand, not fooled by constant answers; changes made by text and seed alone."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prevlib.datasets import load_behaviour_cases, load_reviews
from prevlib.evaluation import (
    PERTURBATIONS,
    add_irrelevant,
    add_typos,
    directional_test,
    drop_punctuation,
    invariance_test,
    minimum_functionality_test,
    perturb,
    run_behaviour_tests,
    swap_names,
    wilson_interval,
)
from prevlib.evaluation.behaviour import CASE_COLUMNS, IRRELEVANT, NAMES

CASES = pd.DataFrame(
    [
        ("words", "praise", "MFT", "good .", "", "pos"),
        ("words", "praise", "MFT", "lovely .", "", "pos"),  # unknown to the classifier: a tie
        ("words", "praise", "MFT", "bad .", "", "neg"),
        ("negation", "not", "MFT", "not good .", "", "neg"),  # fails
        ("names", "people", "INV", "good anna .", "good lisa .", "same"),
        ("names", "people", "INV", "good max .", "good grace .", "same"),  # stays positive, but moves
        ("names", "people", "INV", "bad max .", "bad grace .", "same"),  # from negative to a tie: fails
        ("more", "verdict", "DIR", "good .", "good good .", "more positive"),
        ("more", "verdict", "DIR", "good .", "good bad .", "more negative"),
        ("more", "verdict", "DIR", "good .", "good bad .", "more positive"),  # fails
        ("more", "verdict", "DIR", "good .", "lovely good .", "more positive"),  # does not move: fails
    ],
    columns=CASE_COLUMNS,
)


def keywords(texts):
    """Every good word adds 0.2 to 0.5, every bad word takes 0.2."""
    scores = {"good": 0.2, "grace": 0.2, "bad": -0.2}
    totals = [0.5 + sum(scores.get(word, 0) for word in text.split()) for text in texts]
    return np.clip(totals, 0, 1)


def failures(result):
    return result.table.set_index("test")["failures"].to_dict()


@pytest.fixture(scope="module")
def reviews():
    return load_reviews()["test"]["text"][:]


# the three kinds of tests


def test_failures_by_hand():
    result = run_behaviour_tests(keywords, CASES)
    assert failures(result) == {"verdict": 2, "people": 1, "not": 1, "praise": 1}
    columns = ["capability", "test", "kind", "n", "failures", "failure_rate", "low", "high"]
    assert list(result.table) == columns
    row = result.table.set_index("test").loc["verdict"]
    assert (row.n, *row[["failure_rate", "low", "high"]]) == (4, *wilson_interval(2, 4)[:3])
    assert list(result.failures.index) == [1, 3, 6, 9, 10]  # the rows of the cases
    assert result.failures.loc[9, ["p_text", "p_changed"]].tolist() == pytest.approx([0.7, 0.5])
    assert result.failures["p_changed"].isna().tolist() == [True, True, False, False, False]
    assert "p_text" not in CASES  # the caller's table is left alone


def test_a_case_without_a_capability_has_a_row_of_its_own():
    case = {"test": "simple", "kind": "MFT", "text": "a", "changed": "", "expected": "pos"}
    cases = [case | {"capability": capability} for capability in ("x", None)]
    table = run_behaviour_tests(lambda texts: [0.9] * len(texts), cases).table
    assert table["capability"].tolist() == ["(none)", "x"] and table["n"].tolist() == [1, 1]


def test_each_kind_alone_finds_the_same():
    whole = run_behaviour_tests(keywords, CASES, level=0.9)
    parts = [test(keywords, CASES, level=0.9) for test in (minimum_functionality_test, invariance_test)]
    parts.append(directional_test(keywords, CASES, level=0.9))
    table = pd.concat([part.table for part in parts]).sort_values(["capability", "test"], ignore_index=True)
    pd.testing.assert_frame_equal(table, whole.table)
    pd.testing.assert_frame_equal(pd.concat([part.failures for part in parts]), whole.failures)
    assert {part.level for part in parts} == {0.9}


def test_a_tolerance_also_limits_the_move():
    assert failures(invariance_test(keywords, CASES, tolerance=0.1))["people"] == 2
    assert failures(invariance_test(keywords, CASES, tolerance=0.3))["people"] == 1


def test_the_margin_is_in_log_odds():
    case = CASES.iloc[[7]]  # from 0.7 to 0.9: ln 9 - ln 7/3 = 1.350
    assert failures(directional_test(keywords, case, margin=1.34)) == {"verdict": 0}
    assert failures(directional_test(keywords, case, margin=1.36)) == {"verdict": 1}
    # Sure classifiers may still move; those that give labels, too; and rounding is no move.
    for pair, expected in (((0.998, 0.9995), 0), ((0, 1), 0), ((1, 1), 1), ((0.7, 0.7 + 1e-6), 1)):
        assert failures(directional_test(lambda texts, pair=pair: pair, case)) == {"verdict": expected}


@pytest.mark.parametrize("p", [0.5, 0.0, 1.0, 0.3])
def test_a_constant_classifier_fails(p):
    cases = load_behaviour_cases()["test"]
    result = run_behaviour_tests(lambda texts: np.full(len(texts), p), cases)
    rates = result.table.groupby("kind")["failures"].sum() / result.table.groupby("kind")["n"].sum()
    assert rates["DIR"] == 1 and rates["INV"] == 0
    assert rates["MFT"] == 1 if p == 0.5 else rates["MFT"] > 0.45


def test_a_classifier_that_knows_the_answers_passes_and_its_opposite_fails():
    cases = load_behaviour_cases()["test"].to_pandas()
    known = {"neg": (0.2, 0.2), "pos": (0.8, 0.8), "same": (0.6, 0.6)}
    known |= {"more negative": (0.6, 0.4), "more positive": (0.4, 0.6)}
    answers = {}
    for case in cases.itertuples():
        answers[case.text], answers[case.changed] = known[case.expected]
    right = run_behaviour_tests(lambda texts: [answers[text] for text in texts], cases)
    assert right.table["failures"].sum() == 0 and right.failures.empty
    wrong = run_behaviour_tests(lambda texts: [1 - answers[text] for text in texts], cases)
    assert wrong.failures.index.equals(cases.index[cases["kind"] != "INV"])


def test_all_texts_are_asked_in_one_call():
    calls = []
    run_behaviour_tests(lambda texts: calls.append(texts) or keywords(texts), CASES)
    [texts] = calls
    assert texts == [*CASES["text"], *CASES["changed"][4:]]


@settings(deadline=None, max_examples=10)
@given(st.permutations(range(len(CASES))))
def test_the_order_of_the_cases_does_not_matter(order):
    whole, shuffled = (run_behaviour_tests(keywords, cases) for cases in (CASES, CASES.iloc[order]))
    pd.testing.assert_frame_equal(shuffled.table, whole.table)
    pd.testing.assert_frame_equal(shuffled.failures.sort_index(), whole.failures)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.floats(0, 1), min_size=18, max_size=18))
def test_one_or_two_probabilities_and_a_table_or_dicts_are_the_same(values):
    p = np.array(values)
    one = run_behaviour_tests(lambda texts: p, CASES)
    two = run_behaviour_tests(lambda texts: np.column_stack([1 - p, p]), CASES.to_dict("records"))
    pd.testing.assert_frame_equal(one.table, two.table)
    pd.testing.assert_frame_equal(one.failures, two.failures)


@pytest.mark.parametrize(
    "predict, message",
    [
        (
            lambda texts: [0.5] * 4,
            r"`predict` must return shape \(18,\) or \(18, 2\) for 18 texts; got \(4,\)",
        ),
        (lambda texts: np.full((18, 3), 1 / 3), r"got \(18, 3\)\. Return the probability of positive, or"),
        (
            lambda texts: np.linspace(-2, 3, 18),
            "must return probabilities, from 0 to 1; got -2 to 3. Turn logits",
        ),
        (lambda texts: np.full(18, np.nan), "from 0 to 1; got nan to nan"),
        (lambda texts: np.full((18, 2), 0.9), "probabilities of a text must sum to 1; got 1.8. Use softmax"),
    ],
)
def test_what_is_no_probability_is_refused(predict, message):
    with pytest.raises(ValueError, match=message):
        run_behaviour_tests(predict, CASES)


def test_cases_that_cannot_be_run_are_refused():
    with pytest.raises(ValueError, match="at least one of the kind DIR; got only .'INV', 'MFT'."):
        directional_test(keywords, CASES[:7])
    with pytest.raises(
        ValueError, match="must have the columns capability, .* and at least one row; got 0 with"
    ):
        run_behaviour_tests(keywords, CASES[:0])
    with pytest.raises(ValueError, match=r'got 1 with \[0\]. Pass load_behaviour_cases\(\)\["test"\]'):
        run_behaviour_tests(keywords, load_behaviour_cases())
    for column, value, got in (("kind", "inv", "'inv' and 'neg'"), ("expected", "same", "'MFT' and 'same'")):
        with pytest.raises(ValueError, match=f"`kind` and `expected` must agree with .*; got {got} in row 3"):
            run_behaviour_tests(keywords, CASES[3:4].assign(**{column: value}))


# changes that must not matter


def test_a_typo_swaps_two_inner_letters_of_one_long_word():
    text = "an endless war on good tastes , aaaaaa ."
    for seed in range(20):
        changed = add_typos(text, seed=seed)
        assert sorted(changed) == sorted(text)
        pairs = [pair for pair in zip(text.split(), changed.split(), strict=True) if pair[0] != pair[1]]
        for old, new in pairs:
            assert old in ("endless", "tastes") and (old[0], old[-1]) == (new[0], new[-1])
        assert len(pairs) <= 1
    assert add_typos(text, n_typos=3).split()[1] != "endless"
    assert add_typos("too bad .") == "too bad ."


def test_names_are_swapped_within_their_group():
    text = "Anna's duel with anna , mary and john ."
    men, women = NAMES
    for seed in range(20):
        found = re.fullmatch(r"(\w+)'s duel with (\w+) , (\w+) and (\w+) \.", swap_names(text, seed=seed))
        first, second, third, fourth = found.groups()
        assert first == second.capitalize() and second != third
        assert {second, third} <= set(women) - {"anna", "mary"} and fourth in set(men) - {"john"}
    assert swap_names("Marianna and Johnny .") == "Marianna and Johnny ."
    assert (
        swap_names("oslo , bergen", names=[["oslo", "bergen"]]) == "oslo , bergen"
    )  # none is left to swap in
    assert not set(men) & set(women) and len(set(men + women)) == len(men + women)


def test_punctuation_goes_but_not_inside_words():
    assert (
        drop_punctuation('it\'s a well-made ( but long ) " film " . . .') == "it's a well-made but long film"
    )
    assert drop_punctuation("Crème brûlée, isn't it?!") == "Crème brûlée isn't it"


def test_an_irrelevant_sentence_goes_before_or_after():
    found = {add_irrelevant("a bore .", seed=seed) for seed in range(200)}
    assert found == {text for s in IRRELEVANT for text in (f"{s} a bore .", f"a bore . {s}")}


@pytest.mark.parametrize("kind", PERTURBATIONS)
def test_perturbed_reviews_are_cases_that_depend_on_text_and_seed_alone(kind, reviews):
    texts = reviews[:300]
    cases = perturb(texts, kind, seed=3)
    assert list(cases) == list(CASE_COLUMNS) and len(cases) >= (10 if kind == "names" else 250)
    assert cases["text"].tolist() == [texts[i] for i in cases.index]
    assert (cases["text"] != cases["changed"]).all()
    backwards = perturb(texts[::-1], kind, seed=3)
    assert cases["changed"].tolist() == backwards["changed"].tolist()[::-1]
    if kind != "punctuation":
        assert cases["changed"].tolist() != perturb(texts, kind, seed=4)["changed"].tolist()
    result = invariance_test(keywords, cases)
    assert result.table[["test", "n"]].values.tolist() == [[kind, len(cases)]]


def test_unchanged_texts_are_left_out():
    assert perturb(["fine  film", "fine , film"], "punctuation").index.tolist() == [1]
    assert perturb([], "typos").empty and list(perturb([], "typos")) == list(CASE_COLUMNS)
    words = perturb(["a gripping and frightening thriller ."], "typos", n_typos=3)
    assert len(set(words["changed"][0].split()) & set(words["text"][0].split())) == 3


def test_an_unknown_change_is_refused():
    with pytest.raises(
        ValueError, match="`kind` must be one of typos, names, punctuation, irrelevant; got 'x'"
    ):
        perturb(["a film ."], "x")
