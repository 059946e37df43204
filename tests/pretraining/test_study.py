"""The study of pre-training: one thing varies at a time, and what is finished is not done again."""

from dataclasses import asdict, replace

import pytest

from prevlib.pretraining import study
from prevlib.pretraining.study import CELLS, RECIPE, SIZES, VARIANTS, pretraining_study


@pytest.fixture
def small(monkeypatch):
    """The study with four steps of few rows, one seed, and two rates."""
    monkeypatch.setattr(study, "N_TRAIN", 60)
    monkeypatch.setattr(study, "N_TEST", 4)
    monkeypatch.setattr(study, "N_WATCHED", 8)
    monkeypatch.setattr(study, "RATES", (1e-3, 1e-2))
    monkeypatch.setattr(study, "SEARCH_SEEDS", (100,))
    monkeypatch.setattr(study, "SEEDS", (0,))
    monkeypatch.setattr(study, "RECIPE", replace(RECIPE, max_steps=4, per_device_train_batch_size=4))


def test_the_study_runs_tunes_and_goes_on(small, tmp_path, monkeypatch):
    output = tmp_path / "study.jsonl"
    table = pretraining_study(output, parts=("factorial",), show_progress=False)
    counts = table.groupby("part").size()
    assert counts.to_dict() == {"factorial, search": 2 * 4, "factorial": 4}
    search = table[table["part"] == "factorial, search"]
    for row in table[table["part"] == "factorial"].itertuples():
        trials = search[search["cell"].str.startswith(f"{row.cell}, rate")]
        best = trials.loc[trials["loss"].idxmin(), "settings"]
        assert row.settings["learning_rate"] == best["learning_rate"]
        assert [step for step, *_ in row.evaluations] == [0, 1, 2, 4]
        total, count = map(sum, zip(*row.block_losses, strict=True))
        assert count == row.n_masked and total / count == pytest.approx(row.loss, abs=1e-3)
    lines = output.read_text(encoding="utf-8").splitlines(keepends=True)
    output.write_text("".join(lines[:-1]) + lines[-1][:50], encoding="utf-8")  # killed while it wrote
    again = pretraining_study(output, parts=("factorial",), show_progress=False)
    assert again.drop(columns="seconds").equals(table.drop(columns="seconds"))
    monkeypatch.setattr(study, "fit", None)  # would raise if it were called
    pretraining_study(output, parts=("factorial",), show_progress=False)


def test_a_study_of_other_texts_or_settings_is_refused(small, tmp_path, monkeypatch):
    output = tmp_path / "study.jsonl"
    monkeypatch.setattr(study, "CELLS", CELLS[:1])
    pretraining_study(output, parts=("factorial",), show_progress=False)
    monkeypatch.setattr(study, "RECIPE", replace(study.RECIPE, weight_decay=0.1))
    with pytest.raises(ValueError, match="weight_decay 0.01 there, 0.1 here"):
        pretraining_study(output, parts=("factorial",), show_progress=False)
    monkeypatch.setattr(study, "N_TRAIN", 61)
    with pytest.raises(ValueError, match="must go on with what it was made from"):
        pretraining_study(output, parts=("factorial",), show_progress=False)


def test_each_variant_differs_in_what_its_name_says():
    assert {name for variant in VARIANTS.values() for name in variant} <= set(asdict(RECIPE))
    assert [len(variant) for variant in VARIANTS.values()] == [1, 1, 1, 2]
    assert all(len(cell) == 2 for cell in CELLS) and len({str(cell) for cell in CELLS}) == 4
    assert replace(RECIPE, **CELLS[-1]) == RECIPE
    assert SIZES["128 x 2"] == {}
