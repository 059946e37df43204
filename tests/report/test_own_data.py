"""What is evaluated on: the tasks of the course, and CSV files, good and broken."""

import numpy as np
import pytest

from prevlib.datasets import load_speeches
from prevlib.report import COURSE_TASKS
from prevlib.report.course_tasks import load_task
from prevlib.report.own_data import read_task
from prevlib.report.task import length_slices

# 60 texts a class that differ, of one to six words
ROWS = [(f"{word} {'very ' * (i % 5)}number {i}", label) for i in range(60) for word, label in
        (("joy", "good"), ("bore", "bad"))]  # fmt: skip


def write(path, rows=ROWS, header="text,label"):
    lines = [",".join(f'"{field}"' for field in row) for row in rows]
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def file(tmp_path):
    return tmp_path / "mine.csv"


# tasks of the course


def test_the_tasks_of_the_course_are_complete():
    for name in COURSE_TASKS:
        task = load_task(name, n_train=40)
        assert (task.name, len(task.train.texts), len(task.train.labels)) == (name, 40, 40)
        assert task.overlap()
        n = len(task.test.texts) if task.groups is None else len(set(task.groups))
        assert all(members.shape == (n,) and members.dtype == bool for members in task.slices.values())
        assert task.config.seed == 0


def test_the_seed_draws_the_rows_of_the_study():
    first, again, other = (load_task("sentiment", n_train=50, seed=seed) for seed in (0, 0, 1))
    assert first.train == again.train != other.train
    assert first.test == other.test
    assert other.config.seed == 1


def test_slices_of_eras_are_of_speeches_in_sorted_order():
    task = load_task("eras", n_train=10)
    speeches = np.unique(task.groups)
    assert len(speeches) == 26
    everyone = sum(members.astype(int) for members in task.slices.values())
    assert (everyone == 1).all()
    party = dict(zip(*(load_speeches()["test"][column] for column in ("speech_id", "party")), strict=True))
    assert task.slices["Republican"].tolist() == [party[speech] == "Republican" for speech in speeches]


def test_length_slices_hold_every_text_once():
    for n_words in ([1, 2, 3, 4, 5, 6], [3, 3, 3], [1, 1, 9], [1, 9, 9]):
        slices = length_slices(["w " * n for n in n_words])
        assert (sum(members.astype(int) for members in slices.values()) == 1).all()


def test_an_unknown_task_and_an_empty_budget_are_refused():
    with pytest.raises(ValueError, match="one of sentiment, entities, eras; got 'mood'. Your own"):
        load_task("mood")
    with pytest.raises(ValueError, match="`n_train` must be at least 1; got 0"):
        load_task("sentiment", n_train=0)


# files that are fit for use


def test_a_file_is_split_within_its_classes(file):
    task = read_task(write(file))
    assert task.label_names == ("bad", "good")
    assert [len(part.texts) for part in (task.train, task.validation, task.test)] == [84, 12, 24]
    for part in (task.train, task.validation, task.test):
        assert np.bincount(part.labels).tolist() == [len(part.labels) // 2] * 2
    assert task.overlap()
    assert task.train.texts[0].startswith("joy" if task.train.labels[0] else "bore")
    assert not task.quotable
    assert len(read_task(file, n_train=30).train.texts) == 30


def test_equal_texts_stay_in_one_split(file):
    rows = [(text.upper() if i % 2 else f"{text} !", label) for i in range(3) for text, label in ROWS]
    assert read_task(write(file, rows)).overlap()


def test_a_split_of_its_own_is_kept(file):
    names = ["train"] * 60 + ["validation"] * 20 + ["test"] * 40
    rows = [(*row, split) for row, split in zip(ROWS, names, strict=True)]
    task = read_task(write(file, rows, "text,label,split"))
    assert task.test.texts == [text for text, _ in ROWS[80:]]
    assert task.validation.texts == [text for text, _ in ROWS[60:80]]
    assert sorted(task.train.texts) == sorted(text for text, _ in ROWS[:60])


def test_validation_rows_are_taken_from_training_where_there_are_none(file):
    rows = [(*row, "test" if i >= 80 else "train") for i, row in enumerate(ROWS)]
    task = read_task(write(file, rows, "text,label,split"))
    assert [len(part.texts) for part in (task.train, task.validation, task.test)] == [72, 8, 40]


def test_test_rows_alone_are_enough_to_measure(file):
    task = read_task(write(file, [(*row, "test") for row in ROWS], "text,label,split"))
    assert (len(task.train.texts), len(task.test.texts)) == (0, 120)


def test_what_looks_missing_is_a_text_like_any_other(file):
    rows = [("NA", "bad"), ("null", "good"), *ROWS[2:]]
    task = read_task(write(file, rows))
    texts = task.train.texts + task.validation.texts + task.test.texts
    assert {"NA", "null"} <= set(texts)


def test_numbers_are_classes_in_their_order_and_a_spreadsheet_mark_is_dropped(file):
    write(file, [(text, "10" if label == "good" else "2") for text, label in ROWS])
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert read_task(file).label_names == ("2", "10")


# files that are not


@pytest.mark.parametrize(
    "rows, header, text",
    [
        (ROWS, "text,sentiment", r"mine.csv must have the columns .* got \['text', 'sentiment'\]"),
        ([("a;b",)], "text;label", r"got \['text;label'\]. Rename the columns, and separate them by commas"),
        ([("a", "b", "c")], "text,label", "2 fields, like the header; got 3 in row 1 below it, and 0 more"),
        ([("a", "b"), ("c", "d", "e")], "text,label", "header; got 3 in row 2 below it, and 0"),
        ([], "", r"must have the columns `text` and `label`; got \[\]"),
        ([], "text,label", "`text` must be filled in every row of mine.csv; got 0 empty of 0"),
        (
            [("a", "good"), (" ", "good"), ("b", "bad"), ("", "bad")],
            "text,label",
            r"`text` must be filled in every row of mine.csv; got 2 empty of 4, \[2, 4\] counted below",
        ),
        ([("a", "good"), ("b", "")], "text,label", r"`label` must be .* got 1 empty of 2, \[2\] counted"),
        ([(text, "good") for text, _ in ROWS], "text,label", "two classes; got only 'good' in mine.csv"),
        (
            [*ROWS, ("A joy !", "good"), ("a joy", "bad")],
            "text,label",
            "A text must have one label, .*; got 2 rows of mine.csv that .* each other, such as 'A joy !'",
        ),
        (
            [(*row, "dev") for row in ROWS],
            "text,label,split",
            r"`split` must be out of train, validation, test, .* got \['dev'\] in mine.csv",
        ),
        (
            [(*row, "train") for row in ROWS],
            "text,label,split",
            r"with test among them; got \['train'\] in mine.csv. Rename the splits, or leave the column out",
        ),
        (
            [(*row, "train" if i < 80 else "test") for i, row in enumerate(ROWS)]
            + [(f"{ROWS[0][0]} !", "good", "test")],
            "text,label,split",
            "A text must stand in one split only; got 1 of 41 are on both sides, such as 'joy number 0 !', "
            "test and train of mine.csv. Drop it",
        ),
        (ROWS[:40], "text,label", "must have at least 20 rows; got 8 of 40 in mine.csv. Label more"),
        (
            [(*row, "train" if i < 80 else "test") for i, row in enumerate(ROWS)] + [("new", "odd", "test")],
            "text,label,split",
            "Every class must have a row in each split; got none of 'odd' among the 72 train rows",
        ),
    ],
)  # fmt: skip
def test_a_broken_file_is_refused(file, rows, header, text):
    with pytest.raises(ValueError, match=text):
        read_task(write(file, rows, header))


def test_other_encodings_are_refused(file):
    file.write_bytes("text,label\nun café,good\n".encode("latin-1"))
    with pytest.raises(ValueError, match="must be in UTF-8; got the byte 0xe9 in line 2. Save it"):
        read_task(file)


def test_a_file_that_does_not_exist_is_named(file):
    with pytest.raises(FileNotFoundError, match="mine.csv"):
        read_task(file)
