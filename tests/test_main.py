"""The command line: ends in a card, goes on where it stopped, says what is wrong in one line."""

import json

import pytest
import torch
from huggingface_hub import ModelCard
from transformers import BertConfig, BertModel

from prevlib import __main__ as command_line
from prevlib.checkpoints import load_tokenizer
from prevlib.evaluation import cost, pipeline


@pytest.fixture(autouse=True)
def no_second_process(monkeypatch):
    monkeypatch.setattr(cost, "peak_memory_mib", lambda code, data: 100.0)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A small random BERT, without a head."""
    folder, tokenizer = tmp_path_factory.mktemp("bert") / "tiny", load_tokenizer("minilm")
    torch.manual_seed(1)
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(vocab_size=len(tokenizer), **sizes)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture
def table(tmp_path):
    pairs = (("joy", "good"), ("bore", "bad"))
    rows = [f"{word} number {i},{label}" for i in range(60) for word, label in pairs]
    file = tmp_path / "mine.csv"
    file.write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    return file


def run(*arguments):
    command_line.main(["evaluate", *map(str, arguments)])


def test_a_task_of_the_course_ends_in_a_card(checkpoint, tmp_path, capsys):
    out = tmp_path / "out"
    run(checkpoint, "--task", "sentiment", "--labels", 40, "--out", out)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("accuracy 0.") and printed[0].endswith("on 853 test sentences")
    assert printed[1] == str(out / "card.html")
    assert {path.name for path in out.iterdir()} == {
        "README.md", "behaviour.png", "calibration.png", "card.html", "confusion.png", "cost.json", "model",
        "predictions.jsonl", "results.json", "scores.png", "settings.json", "slices.png",
    }  # fmt: skip
    html = (out / "card.html").read_text(encoding="utf-8")
    assert html.count('src="data:image/png;base64,') == 5
    assert "--labels 40" in html
    [accuracy, *_] = ModelCard.load(out / "README.md").data.eval_results
    found = json.loads((out / "results.json").read_text())
    assert round(found["metrics"]["accuracy"]["estimate"], 4) == accuracy.metric_value
    assert found["behaviour"][0]["n"] == 12


@pytest.mark.slow
def test_speeches_are_resampled_as_a_whole(checkpoint, tmp_path, capsys):
    run(checkpoint, "--task", "eras", "--labels", 20, "--out", tmp_path / "out")
    assert "on 1,643 test passages of 26 speeches" in capsys.readouterr().out


def test_own_texts_go_below_build_and_are_not_quoted(checkpoint, table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command_line, "MAX_CLASSES", 1)  # as if there were too many to be drawn
    run(checkpoint, "--data", table, "--labels", 20)
    folder = tmp_path / "build" / "tiny-mine"
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "# tiny for mine" in card
    assert "joy number" not in card
    assert {path.stem for path in folder.glob("*.png")} == {"scores", "calibration"}  # slices are too small


def test_an_interrupted_command_goes_on(checkpoint, table, tmp_path, capsys, monkeypatch):
    arguments = (checkpoint, "--data", table, "--labels", 20, "--out", tmp_path / "out")

    def stop(*args, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "predict_logits", stop)
        with pytest.raises(SystemExit, match="interrupted: the same command goes on from here"):
            run(*arguments)
    assert not (tmp_path / "out" / "card.html").exists()
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "finetune_classifier", stop)
        run(*arguments)
    first = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    with monkeypatch.context() as patch:
        for step in ("finetune_classifier", "predict_logits", "cost_profile"):
            patch.setattr(pipeline, step, stop)
        run(*arguments)
    assert (tmp_path / "out" / "README.md").read_text(encoding="utf-8") == first


def test_what_is_wrong_is_said_in_one_line(checkpoint, table, tmp_path):
    out = ("--out", tmp_path / "out")
    with pytest.raises(SystemExit, match="error: .*No such file.*nowhere.csv"):
        run(checkpoint, "--data", tmp_path / "nowhere.csv", *out)
    with pytest.raises(SystemExit, match="error: `name` must be a folder that exists"):
        run("./nowhere", *out)
    table.write_text("text\nonly texts\n")
    with pytest.raises(SystemExit, match="error: mine.csv must have the columns `text` and `label`"):
        run(checkpoint, "--data", table, *out)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "arguments, text",
    [
        ([], "the following arguments are required: COMMAND"),
        (["evaluate"], "the following arguments are required: checkpoint"),
        (["evaluate", "minilm", "--task", "mood"], "invalid choice: 'mood'"),
        (
            ["evaluate", "minilm", "--task", "eras", "--data", "x.csv"],
            "--data: not allowed with",
        ),
        (["evaluate", "minilm", "--labels", "many"], "invalid int value: 'many'"),
    ],
)
def test_commands_that_make_no_sense_are_refused(arguments, text, capsys):
    with pytest.raises(SystemExit, match="2"):
        command_line.main(arguments)
    assert text in capsys.readouterr().err
