"""The studies whose predictions the notebooks read: whole, as long as their data, and resumable."""

import numpy as np
import pytest

from prevlib.datasets import load_behaviour_cases, load_entities, load_imdb, load_reviews
from prevlib.finetuning import METHODS, domain_shift, entity_tagging, read_entity_study, read_shift_study
from prevlib.finetuning import __main__ as command_line
from prevlib.finetuning.study import ENTITY_STUDY
from prevlib.metrics import span_f1_score


def test_the_shipped_shift_study_fits_its_data():
    table = read_shift_study()
    assert list(table["method"]) == list(METHODS)
    cases = load_behaviour_cases()["test"]
    sizes = {"reviews": len(load_reviews()["test"]), "imdb": len(load_imdb()["test"]), "cases": len(cases)}
    sizes["changed_cases"] = sum(bool(text) for text in cases["changed"])
    for name, size in sizes.items():
        y_proba = np.array(table[name].tolist())
        assert y_proba.shape == (len(METHODS), size)
        assert ((y_proba >= 0) & (y_proba <= 1)).all()
    y_true = np.array(load_reviews()["test"]["label"])
    full = table.set_index("method").loc["full", "reviews"]
    assert np.mean((np.array(full) > 0.5) == y_true) >= 0.78


def test_the_shipped_entity_study_fits_its_data_and_clears_its_bar():
    table, entities = read_entity_study(), load_entities()
    assert list(table["seed"]) == [0, 1, 2]
    names = entities["train"].features["ner_tags"].feature.names
    scores = []
    for name, size in {"train": 200, "test": 170, "test_unseen": 130}.items():
        split = entities[name].select(range(size))
        y_true = [[names[tag] for tag in tags] for tags in split["ner_tags"]]
        for y_pred in table[name]:
            assert [len(tags) for tags in y_pred] == [len(tags) for tags in y_true]
        scores.append(np.mean([span_f1_score(y_true, y_pred) for y_pred in table[name]]))
    train, new_names, new_words = scores
    assert train > new_names > new_words >= 0.72


def test_a_study_of_unknown_methods_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"`methods` must be out of .*got \('fancy',\)"):
        domain_shift(tmp_path / "s.jsonl", methods=("fancy",))
    assert not (tmp_path / "s.jsonl").exists()


@pytest.mark.parametrize(
    "option, study",
    [("--shift", "domain_shift"), ("--entities", "entity_tagging"), ("--vectors", "vector_study")],
)
def test_the_command_line_has_an_option_for_each_study(tmp_path, monkeypatch, option, study):
    asked = []
    monkeypatch.setattr(command_line, study, lambda output, **options: asked.append((output, options)))
    command_line.main([str(tmp_path / "s.jsonl"), option, "--checkpoint", "mini"])
    assert asked == [(tmp_path / "s.jsonl", {"checkpoint": "mini"})]


def test_a_finished_run_is_not_done_again(tmp_path, monkeypatch):
    shipped = read_entity_study()
    copy = tmp_path / "s.jsonl"
    copy.write_text(ENTITY_STUDY.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr("prevlib.finetuning.study.finetune_tagger", None)  # would raise if it were called
    assert entity_tagging(copy, show_progress=False).equals(shipped)


def test_the_command_line_says_in_one_sentence_what_is_wrong(tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        command_line.main([str(tmp_path / "s.jsonl"), "--budgets", "100x3"])
    assert "argument --budgets: invalid labels_and_seeds value: '100x3'" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="error: .*Is a directory"):
        command_line.main([str(tmp_path), "--budgets", "20:1"])
