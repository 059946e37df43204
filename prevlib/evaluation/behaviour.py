"""What can a classifier do? Tests of its behaviour, case by case, as a programmer tests a function.

Accuracy is an average over whatever the test set happens to hold. A behavioural test asks about one ability,
such as negation, and comes in three kinds. *Minimum functionality*: simple texts whose label is beyond doubt.
*Invariance*: a change that must not matter, such as another name. *Direction*: a change after which the text
is clearly more positive, or more negative. The last two need no labels, so any text will do; ``perturb``
makes invariance cases out of real ones.

A classifier is any function from a list of texts to probabilities. Two labels only, negative and positive.
A rate of failure belongs to the cases that were written, and not to reviews at large; its interval says how
well so many cases of this sort determine it. Passing proves little, failing much: read ``failures``.

Used in notebook 16. Left out: templates and changes suggested by a language model.
Source: Ribeiro et al. 2020, *Beyond Accuracy: Behavioral Testing of NLP Models with CheckList*.
"""

import re
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from prevlib.evaluation.uncertainty import wilson_interval

Predict = Callable[[list[str]], ArrayLike]
Cases = pd.DataFrame | Iterable[Mapping[str, str]]

CASE_COLUMNS = ("capability", "test", "kind", "text", "changed", "expected")
EXPECTED = {"MFT": ("neg", "pos"), "INV": ("same",), "DIR": ("more negative", "more positive")}


@dataclass(frozen=True)
class BehaviourResult:
    """How often a classifier failed each test, and on what."""

    table: pd.DataFrame  # one row a test: capability, test, kind, n, failures, failure_rate, low, high
    failures: pd.DataFrame  # the cases that failed, with p_text and p_changed, probabilities of positive
    level: float


def run_behaviour_tests(
    predict: Predict,
    cases: Cases,
    *,
    tolerance: float | None = None,
    margin: float = 0.1,
    level: float = 0.95,
) -> BehaviourResult:
    """Run tests of all kinds and count the failures of each.

    Args:
        predict: Takes a list of texts and returns the probabilities of positive, shape (n_texts,), or of
            negative and positive, shape (n_texts, 2). It is called once, with the texts of all cases.
        cases: ``load_behaviour_cases()["test"]``, or a DataFrame or dicts with its columns.
        tolerance: Of ``invariance_test``.
        margin: Of ``directional_test``.
        level: Coverage of the Wilson intervals of the failure rates.
    Returns:
        The failures of each test, with Wilson intervals of their rates, and the cases that failed.
    Raises:
        ValueError: If a column is missing, a kind or what it expects is unknown, there are no cases, or
            ``predict`` returns something else than one probability a text.
    Example:
        >>> cases = [
        ...     {"text": "funny .", "changed": "", "kind": "MFT", "expected": "pos"},
        ...     {"text": "not funny .", "changed": "", "kind": "MFT", "expected": "neg"},
        ... ]
        >>> cases = [case | {"capability": "negation", "test": "simple"} for case in cases]
        >>> result = run_behaviour_tests(lambda texts: [0.9 * ("funny" in text) for text in texts], cases)
        >>> result.table[["test", "n", "failures", "failure_rate"]].values.tolist()
        [['simple', 2, 1, 0.5]]
        >>> result.failures["text"].tolist()
        ['not funny .']
    """
    cases = _check_cases(cases).fillna({"capability": "(none)", "test": "(none)"})  # none vanishes
    texts, changed = cases["text"].tolist(), cases["changed"].tolist()
    paired = (cases["kind"] != "MFT").to_numpy()
    asked = texts + [text for text, pair in zip(changed, paired, strict=True) if pair]
    p_positive = _check_probabilities(predict(asked), len(asked))
    p_text, p_changed = p_positive[: len(texts)], np.full(len(texts), np.nan)
    p_changed[paired] = p_positive[len(texts) :]

    kind, expected = cases["kind"].to_numpy(), cases["expected"].to_numpy()
    right_label = np.where(expected == "pos", p_text > 0.5, p_text < 0.5)  # a tie is no answer
    same_label = np.sign(p_text - 0.5) == np.sign(p_changed - 0.5)
    near = True if tolerance is None else np.abs(p_changed - p_text) <= tolerance
    moved = (_log_odds(p_changed) - _log_odds(p_text)) * np.where(expected == "more positive", 1, -1)
    passed = np.select([kind == "MFT", kind == "INV"], [right_label, same_label & near], moved > margin)

    cases = cases.assign(p_text=p_text, p_changed=p_changed, failed=~passed)
    table = cases.groupby(["capability", "test", "kind"])["failed"].agg(n="size", failures="sum")
    intervals = [wilson_interval(row.failures, row.n, level=level) for row in table.itertuples()]
    table[["failure_rate", "low", "high"]] = [interval[:3] for interval in intervals]
    failures = cases[cases["failed"]].drop(columns="failed")
    return BehaviourResult(table.reset_index(), failures, level)


def minimum_functionality_test(predict: Predict, cases: Cases, *, level: float = 0.95) -> BehaviourResult:
    """Run the cases of kind MFT: does each simple text get its label?

    A probability of exactly 0.5 is no answer, and so a failure.

    Args:
        predict, cases, level: As for ``run_behaviour_tests``; cases of other kinds are left out.
    Returns:
        As from ``run_behaviour_tests``.
    Raises:
        ValueError: As ``run_behaviour_tests``, or if no case is of this kind.
    """
    return run_behaviour_tests(predict, _only("MFT", cases), level=level)


def invariance_test(
    predict: Predict, cases: Cases, *, tolerance: float | None = None, level: float = 0.95
) -> BehaviourResult:
    """Run the cases of kind INV: does the predicted label stay when only what is irrelevant changes?

    A case fails if the probability of positive crosses 0.5; to come from or to exactly 0.5 is to cross it. A
    classifier that always says the same passes, so read the result beside that of
    ``minimum_functionality_test``.

    Args:
        predict, cases, level: As for ``run_behaviour_tests``; cases of other kinds are left out.
        tolerance: A case also fails if the probability moves by more than this; None allows any move.
    Returns:
        As from ``run_behaviour_tests``.
    Raises:
        ValueError: As ``run_behaviour_tests``, or if no case is of this kind.
    """
    return run_behaviour_tests(predict, _only("INV", cases), tolerance=tolerance, level=level)


def directional_test(
    predict: Predict, cases: Cases, *, margin: float = 0.1, level: float = 0.95
) -> BehaviourResult:
    """Run the cases of kind DIR: does the prediction move the right way?

    The move is measured in log-odds, ln(p / (1 - p)), because a classifier that is sure hardly moves in
    probability: from 0.990 to 0.995 it halves its doubt. Not to move at all is to fail.

    Args:
        predict, cases, level: As for ``run_behaviour_tests``; cases of other kinds are left out.
        margin: A case passes if it moves the right way by more than this, in log-odds; 0.1 is from 0.500 to
            0.525, or from 0.990 to 0.991.
    Returns:
        As from ``run_behaviour_tests``.
    Raises:
        ValueError: As ``run_behaviour_tests``, or if no case is of this kind.
    """
    return run_behaviour_tests(predict, _only("DIR", cases), margin=margin, level=level)


def _only(kind: str, cases: Cases) -> pd.DataFrame:
    cases = _check_cases(cases)
    chosen = cases[cases["kind"] == kind]
    if chosen.empty:
        raise ValueError(
            f"`cases` must hold at least one of the kind {kind}; got only {sorted(set(cases['kind']))}."
        )
    return chosen


def _check_cases(cases: Cases) -> pd.DataFrame:
    cases = cases if isinstance(cases, pd.DataFrame) else pd.DataFrame(list(cases))
    if not set(CASE_COLUMNS) <= set(cases.columns) or cases.empty:
        raise ValueError(
            f"`cases` must have the columns {', '.join(CASE_COLUMNS)} and at least one row; got {len(cases)} "
            f'with {list(cases.columns)}. Pass load_behaviour_cases()["test"].'
        )
    for row in cases.itertuples():
        if row.expected not in EXPECTED.get(row.kind, ()):
            raise ValueError(
                f"`kind` and `expected` must agree with {EXPECTED}; "
                f"got {row.kind!r} and {row.expected!r} in row {row.Index}."
            )
    return cases


def _check_probabilities(predicted: ArrayLike, n: int) -> np.ndarray:
    """The probabilities of positive, shape (n,)."""
    predicted = np.asarray(predicted, dtype=float)
    if predicted.shape not in ((n,), (n, 2)):
        raise ValueError(
            f"`predict` must return shape ({n},) or ({n}, 2) for {n} texts; got {predicted.shape}. Return "
            "the probability of positive, or of negative and positive."
        )
    if not ((predicted >= 0) & (predicted <= 1)).all():
        raise ValueError(
            f"`predict` must return probabilities, from 0 to 1; got {predicted.min():.3g} to "
            f"{predicted.max():.3g}. Turn logits into probabilities by softmax."
        )
    if predicted.ndim == 1:
        return predicted
    sums = predicted.sum(axis=1)
    if np.abs(sums - 1).max() > 0.01:  # what 16-bit numbers may be off
        worst = sums[np.abs(sums - 1).argmax()]
        raise ValueError(f"Both probabilities of a text must sum to 1; got {worst:.3g}. Use softmax.")
    return predicted[:, 1]


def _log_odds(p: np.ndarray) -> np.ndarray:
    p = np.clip(p, 1e-7, 1 - 1e-7)  # about the last step of float32 below 1
    return np.log(p / (1 - p))


# Changes that must not matter, for real texts. Each depends on the text and the seed, not on its neighbours.

NAMES = (
    "adam anthony brian charles chris daniel david edward eric george james jason john joseph kevin martin "
    "matthew michael mike paul peter richard robert ryan steven thomas tom william".split(),
    "alice amy angela anna anne barbara carol diane elizabeth emily jane jennifer jessica julia julie karen "
    "kate laura linda lisa margaret mary nancy rachel rebecca sarah susan".split(),
)
IRRELEVANT = (
    "i saw it on a tuesday .",
    "it runs for about two hours .",
    "my seat was in the ninth row .",
    "the screening began at eight .",
    "tickets are sold at the door .",
    "i took the bus home .",
)


def add_typos(text: str, *, n_typos: int = 1, seed: int = 0) -> str:
    """Swap two neighbouring letters inside each of ``n_typos`` words of five letters or more.

    Args:
        text: Any text.
        n_typos: Words to change; fewer if the text has fewer long ones.
        seed: Of the draws, which depend on the text as well.
    Returns:
        The text with the letters swapped.
    Example:
        >>> add_typos("a gripping thriller .", n_typos=2)
        'a grpiping trhiller .'
    """
    rng, letters = _generator(text, seed), list(text)
    words = [word.span() for word in re.finditer(r"[^\W\d_]{5,}", text)]
    for chosen in rng.permutation(len(words))[:n_typos]:
        start, end = words[chosen]
        spots = [i for i in range(start + 1, end - 2) if letters[i] != letters[i + 1]]
        if spots:
            i = rng.choice(spots)
            letters[i], letters[i + 1] = letters[i + 1], letters[i]
    return "".join(letters)


def swap_names(text: str, *, names: Sequence[Sequence[str]] = NAMES, seed: int = 0) -> str:
    """Replace each name by another of its group that the text does not have.

    Args:
        text: Any text.
        names: Groups of lower-case words that may stand for each other.
        seed: Of the draws, which depend on the text as well.
    Returns:
        The text with other names; unchanged if it has none of these.
    Example:
        >>> swap_names("Oslo and oslo .", names=[["oslo", "bergen"]])
        'Bergen and bergen .'
    """
    rng, words, swaps = _generator(text, seed), set(re.findall(r"\w+", text.lower())), {}
    for group in names:
        present = [name for name in group if name in words]
        absent = [name for name in group if name not in words]
        swaps |= zip(present, rng.permutation(absent).tolist(), strict=False)

    def swap(word: re.Match) -> str:
        new = swaps.get(word[0].lower(), word[0])
        return new.capitalize() if word[0][0].isupper() and new != word[0] else new

    return re.sub(r"\w+", swap, text)


def drop_punctuation(text: str, *, seed: int = 0) -> str:
    """Remove punctuation, but not what joins letters, as in "isn't" and "well-made".

    Args:
        text: Any text.
        seed: Not used; every perturbation has one.
    Returns:
        The text, with one space between its words.
    Example:
        >>> drop_punctuation("smart , well-made -- and it isn't long !")
        "smart well-made and it isn't long"
    """
    return " ".join(re.sub(r"(?<!\w)[^\w\s]+|[^\w\s]+(?!\w)", " ", text).split())


def add_irrelevant(text: str, *, seed: int = 0) -> str:
    """Put a sentence that judges nothing before or after the text.

    Args:
        text: Any text.
        seed: Of the draws, which depend on the text as well.
    Returns:
        The text with one more sentence.
    """
    rng = _generator(text, seed)
    return " ".join(rng.permutation([rng.choice(IRRELEVANT), text]))


PERTURBATIONS = {
    "typos": add_typos,
    "names": swap_names,
    "punctuation": drop_punctuation,
    "irrelevant": add_irrelevant,
}


def perturb(
    texts: Iterable[str],
    kind: str,
    *,
    n_typos: int = 1,
    names: Sequence[Sequence[str]] = NAMES,
    seed: int = 0,
) -> pd.DataFrame:
    """Invariance cases out of real texts.

    Args:
        texts: Any texts, such as ``load_reviews()["test"]["text"]``.
        kind: ``"typos"``, ``"names"``, ``"punctuation"`` or ``"irrelevant"``.
        n_typos: Words that ``"typos"`` changes in each text, as for ``add_typos``.
        names: Groups of names for ``"names"``, as for ``swap_names``.
        seed: Of the changes.
    Returns:
        Cases of kind INV for ``run_behaviour_tests``; the index is the position in ``texts``. Texts that
        stay as they are, for want of a name or a long word, are left out: they would pass for nothing.
    Raises:
        ValueError: If the kind is unknown.
    Example:
        >>> perturb(["john is funny .", "so is she ."], "names")["changed"].tolist()
        ['steven is funny .']
    """
    if kind not in PERTURBATIONS:
        raise ValueError(f"`kind` must be one of {', '.join(PERTURBATIONS)}; got {kind!r}.")
    texts = list(texts)
    options = {"typos": {"n_typos": n_typos}, "names": {"names": names}}.get(kind, {})
    changed = [PERTURBATIONS[kind](text, seed=seed, **options) for text in texts]
    cases = pd.DataFrame({"text": texts, "changed": changed}, dtype=object)
    cases = cases.assign(capability="perturbation", test=kind, kind="INV", expected="same")
    differs = [old.split() != new.split() for old, new in zip(texts, changed, strict=True)]
    return cases.loc[differs, list(CASE_COLUMNS)]


def _generator(text: str, seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(text.encode())])
