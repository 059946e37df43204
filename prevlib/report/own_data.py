"""Your own texts: a CSV file with the columns ``text`` and ``label``, checked before anything is trained.

A broken file rarely stops a program. It gives a number: a missing label becomes the class "nan", one class
that is written in two ways becomes two, a text in two splits becomes a point of accuracy. So every fault is
told with its rows, before an hour is spent on it.

Used by ``run.py`` and notebook 21. Left out: other formats, which pandas turns into CSV in one line.
"""

import csv
import io
import re
import unicodedata
from fractions import Fraction
from pathlib import Path

import pandas as pd

from prevlib.arguments import renamed
from prevlib.datasets.texts import _fingerprint, _split
from prevlib.evaluation.checks import check_no_overlap
from prevlib.finetuning import study_config
from prevlib.report.task import Rows, Task, draw_rows, length_slices

SPLITS = ("train", "validation", "test")
TEST_SHARE, VALIDATION_SHARE = 0.2, 0.1
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
BLANKS = r"[\s\u200b-\u200d\u2060\ufeff\xad]+"  # seen or not
ENDS = re.compile(f"^{BLANKS}|{BLANKS}$")
VARIANTS = "\ufe0e\ufe0f"  # ask for the plain or the coloured picture of a sign
MISSING = {"nan", "null", "na", "n/a", "<na>", "#n/a", "nat"}  # what programs write where there is nothing
ARCHIVES = {  # by their first bytes, whatever the file is called
    b"PK\x03\x04": "a ZIP archive, as Excel's .xlsx are",
    b"\x1f\x8b": "a gzip archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
}
MIN_TEST = 20  # rows; with so few, the interval of an accuracy is 30 to 40 points wide


@renamed("n_labels", "n_train")
def read_task(path: str | Path, *, n_train: int = 1000, seed: int = 0) -> Task:
    """A classification task out of a CSV file.

    Args:
        path: CSV in UTF-8 with a header. Columns ``text`` and ``label``, any words or numbers, without the
            blanks around them; optionally ``split``: ``train``, ``validation`` or ``test``. Without it, 20 %
            of the rows become the test and 10 % the validation split, at random within each class, equal
            texts together; without rows for validation, 10 % of the training rows do. With test rows only,
            nothing can be trained, but a classifier can be measured.
        n_train: Training rows, drawn at random; all there are if there are fewer.
        seed: Of the draw and of the training.
    Returns:
        As from ``load_task``.
    Raises:
        FileNotFoundError: If there is no such file.
        TypeError: If ``n_train`` or ``seed`` is not a whole number.
        ValueError: If it is not such a table, a row is empty or swallowed by an open quote, a label is
            missing or written in two ways, there is one class only, a text has two labels or stands in two
            splits, or rows are too few.
    """
    path = Path(path)
    table, limits = _check_rows(_read_table(path), path)
    names = sorted(set(table["label"]))
    if all(NUMBER.fullmatch(name) for name in names):
        names.sort(key=Fraction)
    if len(names) < 2:
        raise ValueError(
            f"`label` must hold at least two classes; got only {names[0]!r} in {path.name}. "
            "With one class there is nothing to tell apart."
        )
    table = table.assign(label=table["label"].map(names.index))
    splits = _split_rows(table, path)
    train = splits["train"].iloc[draw_rows(len(splits["train"]), n_train, seed)]
    _check_classes(splits | {"train": train}, names, path)
    test = splits["test"]["text"].tolist()
    return Task(
        name=path.stem,
        title=f"labels of {path.name}",
        kind="text-classification",
        label_names=tuple(names),
        train=Rows.of(train),
        validation=Rows.of(splits["validation"]),
        test=Rows.of(splits["test"]),
        config=study_config(max(1, len(train)), seed=seed),
        unit="texts",
        source=f"{len(table):,} rows of {path.name}, "
        + ("with a split of their own" if "split" in table else "split at random within each class"),
        dataset_id=path.stem,
        limits=(
            *limits,
            "The rows are taken as independent. If several come from one author, thread or document, the "
            "intervals are too narrow, and a random split leaks.",
        ),
        slices=length_slices(test),
        quotable=False,
    )


def _read_table(path: Path) -> pd.DataFrame:
    """The columns that are read, as strings; raise unless every row is complete."""
    content = _read_text(path)
    lines = csv.reader(io.StringIO(content, newline=""))
    header = next((list(map(str.strip, line)) for line in lines if "".join(line).strip()), [])
    columns = [name for name in ("text", "label", "split") if name in header]
    if not {"text", "label"} <= set(columns):
        raise ValueError(
            f"{path.name} must have the columns `text` and `label`; got {header}. "
            "Rename the columns, and separate them by commas."
        )
    twice = [name for name in columns if header.count(name) > 1]
    if twice:
        raise ValueError(
            f"{path.name} must have one column `{twice[0]}`; got {header.count(twice[0])} of that name. "
            "Rename or drop the others."
        )
    _, *rows = _read_rows(content, path)
    uneven = [i for i, row in enumerate(rows, 1) if len(row) != len(header)]
    if uneven:
        raise ValueError(
            f"Every row of {path.name} must have {len(header)} fields, like the header; got "
            f"{len(rows[uneven[0] - 1])} in row {uneven[0]} below it, and {len(uneven) - 1} more such rows. "
            "Separate columns by commas, and put texts that hold commas or line breaks into double quotes."
        )
    return pd.DataFrame(rows, columns=header, dtype=str)[columns]


def _read_text(path: Path) -> str:
    """What is in the file, unless it is no text."""
    try:
        if path.exists() and not path.is_file():
            raise ValueError(f"The data must be a CSV file; got {path}, a folder. Name the file inside it.")
        content = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ValueError(f"{path} must be a file that can be read; got: {error.strerror}.") from error
    for start, kind in ARCHIVES.items():
        if content.startswith(start):
            raise ValueError(
                f"{path.name} must be a CSV file; got {kind}. Unpack it, or save the table as CSV UTF-8."
            )
    if b"\0" in content:
        raise ValueError(
            f"{path.name} must be in UTF-8; got zero bytes, as in UTF-16 and in files that are no text. "
            "Save it as CSV UTF-8, or convert it: iconv -f utf-16 -t utf-8."
        )
    try:
        return content.decode("utf-8-sig")  # without the mark that spreadsheets put in front
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{path.name} must be in UTF-8; got the byte 0x{content[error.start]:02x} in line {line}. "
            "Save it as CSV UTF-8, or convert it: iconv -f latin1 -t utf-8."
        ) from error


def _read_rows(content: str, path: Path) -> list[list[str]]:
    """All rows that are not blank, the header first."""
    limit = csv.field_size_limit(len(content))  # of the module: lend it, and put it back
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    try:
        return [row for row in reader if len(row) > 1 or "".join(row).strip()]
    except csv.Error as error:
        raise ValueError(
            f"{path.name} must be a CSV file in which every quote is closed; got, up to line "
            f"{reader.line_num}: {error}. Put texts that hold commas, quotes or line breaks into double "
            "quotes, and write quotes inside them twice."
        ) from error
    finally:
        csv.field_size_limit(limit)


def _check_rows(table: pd.DataFrame, path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Rows without blanks around their fields, and what was dropped; raise if one is empty or doubtful."""
    stripped = table.apply(lambda column: column.str.replace(ENDS, "", regex=True))
    n_blank = int((stripped["label"] != table["label"]).sum())
    table = stripped
    for column in table:
        empty = [row + 1 for row, value in enumerate(table[column]) if not value]
        if empty or table.empty:
            raise ValueError(
                f"`{column}` must be filled in every row of {path.name}; got {len(empty)} empty of "
                f"{len(table)}, {empty[:5]} counted below the header. Fill or drop these rows."
            )
    _check_labels(table["label"], path)
    _check_quotes(table, path)
    labels = table.groupby(table["text"].map(_fingerprint))["label"].nunique()
    torn = table["text"].map(_fingerprint).map(labels) > 1
    if torn.any():
        text = table["text"][torn].iloc[0]
        raise ValueError(
            f"A text must have one label, case and punctuation aside; got {torn.sum()} rows of {path.name} "
            f"that contradict each other, such as {text[:60]!r}. Decide which label is right."
        )
    return table, [f"Blanks around {n_blank:,} of the labels were dropped."] if n_blank else []


def _check_labels(labels: pd.Series, path: Path) -> None:
    """Raise if a label says that there is none, or if a class is written in two ways."""
    counts = labels.value_counts().sort_index()
    missing = [name for name in counts.index if name.casefold() in MISSING or name == "None"]
    if missing:
        raise ValueError(
            f"`label` must be filled in every row of {path.name}; got {counts[missing[0]]} times "
            f"{missing[0]!r}, which programs write for a missing value. Drop these rows, or rename the class."
        )
    for _, same in counts.groupby(counts.index.map(_look)):
        if len(same) > 1:
            shown = repr if all(map(str.isascii, same.index)) else ascii  # which tells what looks the same
            listed = ", ".join(f"{shown(name)} ({n} rows)" for name, n in same.items())
            raise ValueError(
                f"Each class must be written in one way in {path.name}; got {listed}. "
                "Write them alike, or, if they are different classes, rename one."
            )


def _look(label: str) -> str:
    """What stays when case, invisible characters and the ways to write a letter or a number do not count."""
    letters = unicodedata.normalize("NFKC", label).casefold()
    visible = "".join(c for c in letters if unicodedata.category(c) != "Cf" and c not in VARIANTS)
    look = unicodedata.normalize("NFKC", " ".join(visible.split()))
    return str(Fraction(look)) if NUMBER.fullmatch(look) else look


def _check_quotes(table: pd.DataFrame, path: Path) -> None:
    """Raise if a text of several lines holds lines that end like rows: a quote was left open above them."""
    labels = set(table["label"])
    for row, text in enumerate(table["text"], 1):
        swallowed = [line for line in text.splitlines()[:-1] if line.rpartition(",")[2].strip() in labels]
        if swallowed:
            raise ValueError(
                f"A quote must be closed in the row in which it is opened; got a text with {len(swallowed)} "
                f"lines like rows inside, such as {swallowed[0][:60]!r}, in row {row} of {path.name}. Close "
                "the quote or, if they are lines of one text, join them by spaces."
            )


def _split_rows(table: pd.DataFrame, path: Path) -> dict[str, pd.DataFrame]:
    """The rows of each split, those that the file names or random ones."""
    groups = table["text"].map(_fingerprint)
    if "split" not in table:
        sizes = {"test": round(TEST_SHARE * len(table)), "validation": round(VALIDATION_SHARE * len(table))}
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
