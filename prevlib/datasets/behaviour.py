"""Cases for behavioural tests of sentiment: what any careful reader of film reviews gets right.

A test set tells how often a classifier is right on texts like those it was trained on. These sentences, which
were written for this course, ask instead what it can do: does it understand "not funny", a misspelt word, a
"but"? Each belongs to a named test of one capability, and each is meant to leave no doubt. They look like the
texts of ``load_reviews``: lower-case, with spaces around punctuation.

Left out: the tests themselves, which are ``evaluation/behaviour.py``, and cases made from templates, of which
a thousand say little more than one. Used in notebook 16. The sentences are free for any use (CC0).
Source of the idea: Ribeiro et al. 2020, *Beyond Accuracy: Behavioral Testing of NLP Models with CheckList*.
"""

from pathlib import Path

from datasets import Dataset, DatasetDict, Features, Value

CASES_FILE = Path(__file__).parents[1] / "data" / "behaviour_cases.tsv"


def load_behaviour_cases() -> DatasetDict:
    """Hand-written cases of sentiment, at least ten of each test.

    Returns:
        One split, ``test``, of strings: ``capability`` ("negation"), ``test`` ("negated praise"), ``kind``,
        ``text``, ``changed`` and ``expected``. The kind says what is expected of a classifier:

        - ``MFT``, minimum functionality: the label of ``text``, ``neg`` or ``pos``; ``changed`` is empty.
        - ``INV``, invariance: the ``same`` label for ``text`` and ``changed``.
        - ``DIR``, direction: ``changed`` is ``more positive`` or ``more negative`` than ``text``.
    Raises:
        ValueError: If a line of the file does not have one field a column.
    Example:
        >>> cases = load_behaviour_cases()["test"].to_pandas()
        >>> cases[cases["test"] == "comparison reversed"].iloc[0, 3:].tolist()
        ['the film is better than the book .', 'the book is better than the film .', 'more negative']
    """
    with CASES_FILE.open(encoding="utf-8") as file:
        header, *rows = [line.rstrip("\n").split("\t") for line in file]
    for number, fields in enumerate(rows, start=2):
        if len(fields) != len(header):
            raise ValueError(
                f"Line {number} of {CASES_FILE.name} must have {len(header)} fields, separated by tabs; got "
                f"{len(fields)}, {fields}. Did an editor turn tabs into spaces?"
            )
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    features = Features({name: Value("string") for name in header})
    return DatasetDict({"test": Dataset.from_dict(columns, features=features)})
