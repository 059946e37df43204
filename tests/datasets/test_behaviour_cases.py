"""The behavioural cases: well-formed, balanced, no sentence twice and none from the reviews."""

import re
from itertools import combinations

import pytest

from prevlib.datasets import behaviour, load_behaviour_cases, load_reviews
from prevlib.evaluation.behaviour import CASE_COLUMNS, EXPECTED


@pytest.fixture(scope="module")
def dataset():
    return load_behaviour_cases()


@pytest.fixture(scope="module")
def cases(dataset):
    return dataset["test"].to_pandas()


def words(text):
    return re.findall(r"[\w'-]+", text)


def essence(text):
    return re.sub(r"[\W_]+", "", text)


def changed_words(a, b):
    """The fewest words to insert, delete or replace that turn one list into the other."""
    row = list(range(len(b) + 1))
    for i, word in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (word != other))
    return row[-1]


def test_one_split_of_six_columns_of_strings(dataset):
    assert list(dataset) == ["test"] and len(dataset["test"]) == 456
    assert {name: feature.dtype for name, feature in dataset["test"].features.items()} == dict.fromkeys(
        CASE_COLUMNS, "string"
    )


def test_each_kind_expects_what_it_may(cases):
    assert set(cases["kind"]) == set(EXPECTED)
    for kind, group in cases.groupby("kind"):
        assert set(group["expected"]) == set(EXPECTED[kind])
    assert ((cases["changed"] == "") == (cases["kind"] == "MFT")).all()
    assert (cases["changed"] != cases["text"]).all()


def test_every_test_is_of_one_kind_and_has_ten_cases(cases):
    sizes = cases.groupby(["capability", "test", "kind"]).size()
    assert sizes.min() >= 10 and sizes.reset_index()["test"].is_unique
    assert {
        "vocabulary",
        "negation",
        "intensifiers",
        "names",
        "fairness",
        "typos",
        "contrast",
        "temporal change",
        "comparison",
        "additions",
        "punctuation",
    } <= set(cases["capability"])


def test_a_constant_answer_cannot_do_well(cases):
    for kind in ("MFT", "DIR"):
        shares = cases.loc[cases["kind"] == kind, "expected"].value_counts(normalize=True)
        assert shares.max() < 0.55


def test_the_texts_look_like_reviews(cases):
    for text in [*cases["text"], *filter(None, cases["changed"])]:
        assert text == text.lower() == " ".join(text.split())
        assert not re.search(r"\w[,;:!?](?:\s|$)", text), text


def test_no_sentence_stands_twice_or_in_the_reviews(cases):
    assert cases["text"].map(essence).is_unique
    texts = [*cases["text"], *filter(None, cases["changed"])]
    assert len(set(texts)) == len(texts)
    reviews = {essence(text) for split in load_reviews().values() for text in split["text"]}
    assert not reviews & {essence(text) for text in texts}


def test_no_template_is_filled_twice(cases):
    assert changed_words("a b c d".split(), "a c d e".split()) == 2  # by hand: b goes, e comes
    for _, texts in cases.groupby("test")["text"]:
        for a, b in combinations(map(words, texts), 2):
            assert changed_words(a, b) > 2, (a, b)
            assert len(set(a) & set(b)) < 0.5 * len(set(a) | set(b)), (a, b)


def test_a_damaged_line_is_named(monkeypatch, tmp_path):
    lines = behaviour.CASES_FILE.read_text(encoding="utf-8").splitlines()[:3]
    damaged = tmp_path / "cases.tsv"
    monkeypatch.setattr(behaviour, "CASES_FILE", damaged)
    damaged.write_text("\r\n".join(lines), encoding="utf-8")  # another system's ends of lines do no harm
    assert load_behaviour_cases()["test"]["expected"][:] == ["pos", "pos"]
    damaged.write_text("\n".join([*lines[:2], lines[2].replace("\t", " ", 1)]), encoding="utf-8")
    with pytest.raises(
        ValueError, match="Line 3 of cases.tsv must have 6 fields, separated by tabs; got 5, "
    ):
        load_behaviour_cases()
