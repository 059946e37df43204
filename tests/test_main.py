"""The command line: ends in a card, goes on where it stopped, says what is wrong in one line."""

import errno
import json
import subprocess
import sys

import pytest
from huggingface_hub import ModelCard
from safetensors import SafetensorError
from small_models import save_small_bert

from prevlib import __main__ as command_line
from prevlib import cost
from prevlib.report import pictures
from prevlib.report import run as evaluation


@pytest.fixture(autouse=True)
def no_second_process(monkeypatch):
    monkeypatch.setattr(cost, "peak_memory_mib", lambda code, data: 100.0)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A small random BERT, without a head."""
    return str(save_small_bert(tmp_path_factory.mktemp("bert") / "tiny"))


@pytest.fixture
def table(tmp_path):
    pairs = (("joy", "good"), ("bore", "bad"))
    rows = [f"{word} number {i},{label}" for i in range(60) for word, label in pairs]
    file = tmp_path / "mine.csv"
    file.write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    return file


def run(*arguments):
    assert command_line.main(["evaluate", *map(str, arguments)]) == 0


def test_a_task_of_the_course_ends_in_a_card(checkpoint, tmp_path, capsys):
    out = tmp_path / "out"
    run(checkpoint, "--task", "sentiment", "--train-rows", 40, "--out", out)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("accuracy 0.") and printed[0].endswith("on 853 test sentences")
    assert printed[1] == str(out / "card.html")
    assert {path.name for path in out.iterdir()} == {
        "README.md", "behaviour.png", "calibration.png", "card.html", "confusion.png", "cost.json", "model",
        "predictions.jsonl", "results.json", "scores.png", "settings.json", "slices.png",
    }  # fmt: skip
    html = (out / "card.html").read_text(encoding="utf-8")
    assert html.count('src="data:image/png;base64,') == 5
    assert "prevlib evaluate" in html and "--train-rows 40" in html
    [accuracy, *_] = ModelCard.load(out / "README.md").data.eval_results
    found = json.loads((out / "results.json").read_text())
    assert round(found["metrics"]["accuracy"]["estimate"], 4) == accuracy.metric_value
    assert found["behaviour"][0]["n"] == 12


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The interval has no width")  # 20 rows teach the tiny model one class
def test_speeches_are_resampled_as_a_whole(checkpoint, tmp_path, capsys):
    run(checkpoint, "--task", "eras", "--train-rows", 20, "--out", tmp_path / "out")
    assert "on 1,643 test passages of 26 speeches" in capsys.readouterr().out


def test_own_texts_go_below_build_and_are_not_quoted(checkpoint, table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pictures, "MAX_CLASSES", 1)  # as if there were too many to be drawn
    run(checkpoint, "--data", table, "--train-rows", 20)
    folder = tmp_path / "build" / "tiny-mine"
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "# tiny for mine" in card
    assert "joy number" not in card
    assert {path.stem for path in folder.glob("*.png")} == {"scores", "calibration"}  # slices are too small


def test_an_interrupted_command_goes_on(checkpoint, table, tmp_path, capsys, monkeypatch):
    arguments = (checkpoint, "--data", table, "--train-rows", 20, "--out", tmp_path / "out")

    def stop(*args, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(evaluation, "predict_logits", stop)
        with pytest.raises(SystemExit, match="interrupted: the same command goes on from here"):
            run(*arguments)
    assert not (tmp_path / "out" / "card.html").exists()
    with monkeypatch.context() as patch:
        patch.setattr(evaluation, "finetune_classifier", stop)
        run(*arguments)
    first = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    with monkeypatch.context() as patch:
        for step in ("finetune_classifier", "predict_logits", "cost_profile"):
            patch.setattr(evaluation, step, stop)
        run(*arguments)
    assert (tmp_path / "out" / "README.md").read_text(encoding="utf-8") == first


def test_what_is_wrong_is_said_in_one_line(checkpoint, table, tmp_path):
    out = ("--out", tmp_path / "out")
    with pytest.raises(SystemExit, match=r"error: No such file or directory: .*nowhere.csv\.$"):
        run(checkpoint, "--data", tmp_path / "nowhere.csv", *out)
    with pytest.raises(SystemExit, match="error: `name` must be a folder that exists"):
        run("./nowhere", *out)
    table.write_text("text\nonly texts\n")
    with pytest.raises(SystemExit, match="error: mine.csv must have the columns `text` and `label`"):
        run(checkpoint, "--data", table, *out)
    assert not (tmp_path / "out").exists()
    (tmp_path / "out").write_text("a file")
    with pytest.raises(SystemExit, match=r"error: .*out: File exists"):
        run(checkpoint, *out)


ROOM = "Make room, then give the same command again: it goes on from here."


@pytest.mark.parametrize(
    "raised, text",
    [
        (OSError(errno.ENOSPC, "No space left on device", "out"), f"No space left on device: out. {ROOM}"),
        (SafetensorError("I/O error"), f"Weights must be written in full; got: I/O error. {ROOM}"),
        (
            PermissionError(errno.EACCES, "Permission denied", "out"),
            "Permission denied: out. Change the permissions, or name another place.",
        ),
        (OSError(errno.EIO, "Input/output error"), "Input/output error."),
        (OSError("no file named\n config.json"), "no file named config.json"),
        (TypeError("`texts` must be\n  strings."), "`texts` must be strings."),
        (
            ModuleNotFoundError("No module named 'torch'"),
            "No module named 'torch'. See what prevlib check says.",
        ),
    ],
)
def test_what_the_reader_can_mend_is_one_line_and_the_status_is_not_zero(
    raised, text, checkpoint, tmp_path, monkeypatch
):
    def fail(*args, **options):
        raise raised

    monkeypatch.setattr(evaluation, "load_task", fail)
    with pytest.raises(SystemExit) as left:
        run(checkpoint, "--out", tmp_path / "out")
    assert left.value.code == f"error: {text}"


def test_a_mistake_of_ours_is_a_traceback(checkpoint, tmp_path, monkeypatch):
    monkeypatch.setattr(evaluation, "load_task", lambda *args, **options: {}["a key"])
    with pytest.raises(KeyError):
        run(checkpoint, "--out", tmp_path / "out")


def test_check_says_what_is_broken_by_its_status(monkeypatch, capsys):
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    assert command_line.main(["check"]) == 0
    assert capsys.readouterr().out.endswith("You can begin\n")
    monkeypatch.delenv("OMP_WAIT_POLICY")
    assert command_line.main(["check"]) == 1
    assert "✗ broken: threads: " in capsys.readouterr().out


HEAVY = ("torch", "transformers", "pandas", "matplotlib", "numpy", "scipy", "sklearn", "datasets")


@pytest.mark.parametrize("arguments", [[], ["check"], ["progress"], ["evaluate"]])
def test_help_answers_before_anything_heavy_is_imported(arguments):
    code = f"""
import runpy, sys
sys.argv = ["prevlib", *{arguments}, "--help"]
try:
    runpy.run_module("prevlib", run_name="__main__")
finally:
    sys.stderr.write(f"heavy: {{[name for name in {HEAVY} if name in sys.modules]}}")
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith(f"usage: {' '.join(['prevlib', *arguments])} [-h]")
    assert ran.stderr == "heavy: []"


@pytest.mark.parametrize(
    "arguments, text",
    [
        ([], "the following arguments are required: COMMAND"),
        (["evaluate"], "the following arguments are required: checkpoint"),
        (["evaluate", "minilm", "--task", "mood"], "invalid choice: 'mood'"),
        (["evaluate", "minilm", "--task", "eras", "--data", "x.csv"], "--data: not allowed with"),
        (["evaluate", "minilm", "--train-rows", "many"], "invalid int value: 'many'"),
        (["evaluate", "minilm", "--labels", "40"], "it is now called --train-rows: give --train-rows 40"),
    ],
)
def test_commands_that_make_no_sense_are_refused(arguments, text, capsys):
    with pytest.raises(SystemExit, match="2"):
        command_line.main(arguments)
    assert text in capsys.readouterr().err
