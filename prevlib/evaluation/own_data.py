"""Your own texts: a CSV file with the columns ``text`` and ``label``, checked before anything is trained.

A broken file rarely stops a program. It gives a number: a missing text becomes the word "nan", a text in two
splits becomes a point of accuracy. So every fault is told with its rows, before an hour is spent on it.

Used by ``pipeline.py`` and notebook 21. Left out: other formats, which pandas turns into CSV in one line.
"""

from pathlib import Path

import pandas as pd

from prevlib.datasets.texts import _fingerprint, _split
from prevlib.evaluation.checks import check_no_overlap
from prevlib.evaluation.inputs import Rows, Task, draw_rows, length_slices
from prevlib.finetuning import study_config

SPLITS = ("train", "validation", "test")
TEST_SHARE, VALIDATION_SHARE = 0.2, 0.1
MIN_TEST = 20  # rows; with so few, the interval of an accuracy is 30 to 40 points wide


def read_task(path: str | Path, *, n_labels: int = 1000, seed: int = 0) -> Task:
    """A classification task out of a CSV file.

    Args:
        path: CSV in UTF-8 with a header. Columns ``text`` and ``label``, any words or numbers; optionally
            ``split``: ``train``, ``validation`` or ``test``. Without it, 20 % of the rows become the test and
            10 % the validation split, at random within each class, equal texts together; without rows for
            validation, 10 % of the training rows do. With test rows only, nothing can be trained, but a
            classifier can be measured.
        n_labels: Training rows, drawn at random; all there are if there are fewer.
        seed: Of the draw and of the training.
    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not such a table, a row is empty, there is one class only, a text has two labels
            or stands in two splits, or rows are too few.
    """
    path = Path(path)
    table = _check_rows(_read_table(path), path)
    names = sorted(set(table["label"]))
    if all(name.isdecimal() for name in names):
        names.sort(key=int)
    if len(names) < 2:
        raise ValueError(
            f"`label` must hold at least two classes; got only {names[0]!r} in {path.name}. "
            "With one class there is nothing to tell apart."
        )
    table = table.assign(label=table["label"].map(names.index))
    splits = _split_rows(table, path)
    train = splits["train"].iloc[draw_rows(len(splits["train"]), n_labels, seed)]
    _check_classes(splits | {"train": train}, names, path)
    test = splits["test"]["text"].tolist()
    return Task(
        name=path.stem,
        title=f"the labels of {path.name}",
        kind="text-classification",
        label_names=tuple(names),
        train=_rows(train),
        validation=_rows(splits["validation"]),
        test=_rows(splits["test"]),
        config=study_config(max(1, len(train)), seed),
        unit="texts",
        source=f"{len(table):,} rows of {path.name}, "
        + ("with a split of their own" if "split" in table else "split at random within each class"),
        dataset_id=path.stem,
        limits=(
            "The rows are taken as independent. If several come from one author, thread or document, the "
            "intervals are too narrow, and a random split leaks.",
        ),
        slices=length_slices(test),
        quotable=False,
    )


def _read_table(path: Path) -> pd.DataFrame:
    try:
        # "NA" and "null" are texts like any other; utf-8-sig drops the mark that spreadsheets put in front.
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        if not isinstance(table.index, pd.RangeIndex):  # what pandas makes of a field too many in every row
            raise pd.errors.ParserError("more fields in the rows than in the header")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path.name} must be in UTF-8; got the byte 0x{error.object[error.start]:02x} that is none. "
            "Save it as CSV UTF-8, or convert it: iconv -f latin1 -t utf-8."
        ) from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise ValueError(
            f"{path.name} must be a CSV file with a header; got: {str(error).strip()}. "
            "Separate columns by commas, and put texts that hold commas or line breaks into double quotes."
        ) from error
    missing = [column for column in ("text", "label") if column not in table]
    if missing:
        raise ValueError(
            f"{path.name} must have the columns `text` and `label`; got {list(table)}, without "
            f"{' and '.join(missing)}. Rename the columns, and separate them by commas."
        )
    return table.fillna("")


def _check_rows(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Texts and labels without space around them; raise if one is empty or contradicts another."""
    table = table.apply(lambda column: column.str.strip())
    for column in ("text", "label", *(["split"] if "split" in table else [])):
        empty = [row + 1 for row, value in enumerate(table[column]) if not value]
        if empty or table.empty:
            raise ValueError(
                f"`{column}` must be filled in every row of {path.name}; got {len(empty)} empty of "
                f"{len(table)}, {empty[:5]} counted below the header. Fill or drop these rows."
            )
    labels = table.groupby(table["text"].map(_fingerprint))["label"].nunique()
    torn = table["text"].map(_fingerprint).map(labels) > 1
    if torn.any():
        text = table["text"][torn].iloc[0]
        raise ValueError(
            f"A text must have one label, case and punctuation aside; got {torn.sum()} rows of {path.name} "
            f"that contradict each other, such as {text[:60]!r}. Decide which label is right."
        )
    return table


def _split_rows(table: pd.DataFrame, path: Path) -> dict[str, pd.DataFrame]:
    """The rows of each split, those that the file names or random ones."""
    groups = table["text"].map(_fingerprint)
    if "split" not in table:
        sizes = {
            "test": round(TEST_SHARE * len(table)),
            "validation": round(VALIDATION_SHARE * len(table)),
        }
        return {name: table.loc[rows] for name, rows in _split(groups, table["label"], sizes).items()}
    unknown = sorted(set(table["split"]) - set(SPLITS))
    if unknown or "test" not in set(table["split"]):
        raise ValueError(
            f"`split` must be out of {', '.join(SPLITS)}, with test among them; got "
            f"{sorted(set(table['split']))} in {path.name}. Rename the splits, or leave the column out."
        )
    splits = {name: table[table["split"] == name] for name in SPLITS}
    for first, second in (("train", "test"), ("validation", "test"), ("train", "validation")):
        apart = check_no_overlap(splits[first]["text"].tolist(), splits[second]["text"].tolist())
        if not apart:
            raise ValueError(
                f"A text must stand in one split only; got {apart.reason}, {second} and {first} of "
                f"{path.name}. Drop it from one of them, or leave the column `split` out."
            )
    if splits["validation"].empty and len(splits["train"]):
        train, size = splits["train"], round(VALIDATION_SHARE * len(splits["train"]))
        parts = _split(groups.loc[train.index], train["label"], {"validation": size})
        splits |= {name: train.loc[rows] for name, rows in parts.items()}
    return splits


def _check_classes(splits: dict[str, pd.DataFrame], names: list[str], path: Path) -> None:
    """Raise unless every class is learnt and tested, and the test has some rows."""
    if len(splits["test"]) < MIN_TEST:
        raise ValueError(
            f"The test split must have at least {MIN_TEST} rows; got {len(splits['test'])} of "
            f"{sum(map(len, splits.values()))} in {path.name}. Label more texts: from fewer, hardly anything "
            "can be concluded."
        )
    for split in ("train", "test"):
        present = set(splits[split]["label"])
        lacking = [name for number, name in enumerate(names) if number not in present]
        if lacking and len(splits[split]):
            raise ValueError(
                f"Every class must have a row in each split; got none of {lacking[0]!r} among the "
                f"{len(splits[split])} {split} rows of {path.name}. Add rows, merge rare classes, or train "
                "on more labels."
            )


def _rows(part: pd.DataFrame) -> Rows:
    return Rows(part["text"].tolist(), part["label"].tolist())
