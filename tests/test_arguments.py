"""Single arguments: converted to plain Python, or refused in one sentence."""

import numpy as np
import pytest
import torch

from prevlib.arguments import check_count, check_number, check_unicode, renamed
from prevlib.finetuning import domain_shift, study_config
from prevlib.report.course_tasks import load_task
from prevlib.report.own_data import read_task
from prevlib.report.run import evaluate


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3), np.array(3), torch.tensor(3)])
def test_whole_numbers_of_every_kind_become_int(value):
    assert (check_count("n", value), type(check_count("n", value))) == (3, int)


@pytest.mark.parametrize("value", [0.5, np.float32(0.5), np.float64(0.5)])
def test_numbers_of_every_kind_become_float(value):
    assert (check_number("x", value, 0), type(check_number("x", value, 0))) == (0.5, float)


@pytest.mark.parametrize("value", [2.0, np.float64(2), "2", True, np.True_, None, [2], np.array([2, 3])])
def test_what_is_no_count_is_refused(value):
    with pytest.raises(TypeError, match="`n` must be a whole number, at least 1; got .*. Pass an int"):
        check_count("n", value)


@pytest.mark.parametrize(
    "check, text",
    [
        (lambda: check_count("n", 0), "^`n` must be at least 1; got 0.$"),
        (lambda: check_count("n", -1, 0, 9), "^`n` must be from 0 to 9; got -1.$"),
        (lambda: check_count("n", 10, 0, 9), "^`n` must be from 0 to 9; got 10.$"),
        (lambda: check_number("x", 0, 0, None, True), "^`x` must be above 0; got 0.$"),
        (lambda: check_number("x", 0, 0, 1, True), "^`x` must be above 0 and at most 1; got 0.$"),
        (lambda: check_number("x", float("nan"), 0, 1), "^`x` must be from 0 to 1; got nan.$"),
        (lambda: check_number("x", float("inf"), 0), "^`x` must be at least 0; got inf.$"),
        (
            lambda: check_unicode("`text`", "a\ud83d"),
            r"must be valid Unicode; got .*'\\ud83d', at character 1",
        ),
    ],
)
def test_what_is_out_of_range_is_refused(check, text):
    with pytest.raises(ValueError, match=text):
        check()


def test_infinity_is_allowed_as_the_largest_value_only():
    assert check_number("x", float("inf"), 0, float("inf")) == float("inf")


def test_a_number_in_quotes_is_refused():
    with pytest.raises(
        TypeError, match="must be a number, at least 0; got '1e-3'. .* YAML reads 1e-3 as text"
    ):
        check_number("x", "1e-3", 0)


def test_whole_pairs_of_surrogates_and_all_scripts_pass():
    for text in ("", "plain", "\U0001f600", "हिन्दी", "עברית", "日本語", "a\0b"):
        check_unicode("`text`", text)


def test_an_old_name_is_answered_with_the_new_one():
    @renamed("n_labels", "n_train")
    def load(name, *, n_train=1):
        return name, n_train

    assert load("a", n_train=2) == ("a", 2)
    with pytest.raises(
        TypeError, match="`load` must be called with `n_train`; got `n_labels`, its old name. Rename it."
    ):
        load("a", n_labels=2)


def test_functions_of_training_rows_know_the_old_name(tmp_path):
    for function, arguments in {
        load_task: ("sentiment",),
        read_task: (tmp_path / "none.csv",),
        evaluate: (tmp_path,),
        domain_shift: (tmp_path,),
        study_config: (),
    }.items():
        with pytest.raises(TypeError, match="must be called with `n_train`; got `n_labels`, its old name"):
            function(*arguments, n_labels=10)
