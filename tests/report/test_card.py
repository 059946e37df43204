"""The card: metadata that the hub reads, everything said with its interval, and a page of its own."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from huggingface_hub import ModelCard
from huggingface_hub.utils import validate_repo_id

from prevlib.evaluation import run_behaviour_tests
from prevlib.evaluation.uncertainty import Interval
from prevlib.report.card import (
    PICTURES,
    Picture,
    card_page,
    main_result,
    model_card,
    numbers,
    plain,
    table,
    write_card,
)
from prevlib.report.scores import Evaluation, score_tags, score_texts
from prevlib.report.task import Rows, Task
from prevlib.training import TrainConfig

CARDS = Path(__file__).parent / "cards"
PNG = b"\x89PNG\r\n\x1a\n rest of a picture"
NASTY = "<script>alert(1)</script> | ![x](http://evil.example/x.png) [y](http://evil.example) `z` *w* &lt;"
MODEL = {
    "name": "minilm",
    "base_model": "sentence-transformers/all-MiniLM-L6-v2",
    "licence": "Apache-2.0",
    "sha256": "ab" * 32,
    "n_train": 20,
    "epochs": 3,
    "learning_rate": 1e-4,
    "seed": 0,
    "seconds": 12.5,
}
COST = {"parameters": 22_713_216, "latency_p50_ms": 7.5, "machine": "x86_64, 2 processors"}
CASES = [
    {
        "capability": "negation",
        "test": "simple",
        "kind": "MFT",
        "text": text,
        "changed": "",
        "expected": "neg",
    }
    for text in ("not good", "not bad")
]


def evaluate(n_wrong=10, **changes):
    """60 toy texts, all of them answered, the first ``n_wrong`` wrongly."""
    labels = [0, 1] * 30
    facts = {
        "name": "toys", "title": "kinds of toys", "kind": "text-classification", "label_names": ("no", "yes"),
        "train": Rows(["a", "b"], [0, 1]), "validation": Rows(["c", "d"] * 5, [0, 1] * 5),
        "test": Rows([f"toy {i}" for i in range(60)], labels), "config": TrainConfig(), "unit": "texts",
        "source": "made up for a test", "dataset_id": "toys", "language": "en", "limits": ("Toys only.",),
        "slices": {"first": np.arange(60) < 40, "few": np.arange(60) < 5},
    }  # fmt: skip
    task = Task(**facts | changes)
    signs = np.where(np.arange(60) < n_wrong, -1, 1) * np.where(np.array(labels) == 1, 1, -1)
    logits = np.column_stack([-signs, signs])
    scores = score_texts(task, logits, [[0, 1], [0, 1]] * 5, baseline=[0] * 60)
    behaviour = run_behaviour_tests(lambda texts: [0.2, 0.9], CASES)
    return Evaluation(task, MODEL, scores, behaviour, COST)


@pytest.fixture(scope="module")
def evaluation():
    return evaluate()


@pytest.fixture(scope="module")
def pictures():
    return {name: Picture(PNG, f"{name} drawn", f'what "{name}" shows') for name in PICTURES}


class Page(HTMLParser):
    """Tags and attributes of a page, and the text outside of its style."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text, self.inside = [], "", None
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.inside = tag

    def handle_data(self, data):
        if self.inside != "style":
            self.text += data


# metadata


def test_the_hub_gets_the_scores_back_from_the_file(evaluation, pictures, tmp_path):
    card = model_card(evaluation, pictures)
    write_card(tmp_path, card, pictures)
    back = ModelCard.load(tmp_path / "README.md").data
    assert back.eval_results == card.data.eval_results
    assert {result.metric_type: result.metric_value for result in back.eval_results} == {
        "accuracy": 0.8333,
        "f1": 0.8333,
        "matthews_correlation": 0.6667,
    }
    accuracy = back.eval_results[0]
    assert (accuracy.task_type, accuracy.dataset_type, accuracy.dataset_split) == (
        "text-classification",
        "toys",
        "test",
    )
    low, high = evaluation.scores.metrics["accuracy"][1:3]
    assert accuracy.metric_name == f"accuracy, 95 % interval {low:.3f} to {high:.3f}"
    assert back.to_dict() == card.data.to_dict()


def test_the_metadata_are_what_the_hub_allows(evaluation):
    data = model_card(evaluation).data
    validate_repo_id(data.base_model)
    assert re.fullmatch("[a-z]{2,3}", data.language)
    assert data.pipeline_tag == evaluation.task.kind
    assert data.metrics == ["accuracy", "f1", "matthews_correlation"]
    assert data.license is None  # the choice is that of whoever publishes
    unknown = replace(evaluation, model=MODEL | {"base_model": None})
    assert "base_model" not in model_card(unknown).data.to_dict()


# what it says


def test_the_card_says_what_was_measured_and_how_sure_it_is(evaluation):
    text = model_card(evaluation, command="prevlib evaluate minilm").text
    accuracy = evaluation.scores.metrics["accuracy"]
    assert f"**Accuracy {accuracy} on 60 test texts.**" in text
    assert "fine-tuned on 20 labelled texts" in text
    assert "better than the simpler model, *linear model of words*: +0.333 [" in text
    assert f"| accuracy | {accuracy} | 0.500 [0.377, 0.623] | 0.500 [0.377, 0.623] |" in text
    assert "| of them yes | 1 | 5 | 30 |" in text
    assert "none of 60 is among the other 12" in text
    assert "| few | 5 | too few |" in text
    assert "| negation | MFT | 2 | 0.500 [" in text
    assert "| simple | not bad | neg | 0.900 |" in text
    assert "at temperature" not in text and "No temperature was fitted. The reason: \\`logits\\` must" in text
    assert "| parameters of the encoder | 22,713,216 |" in text
    assert "(x86\\_64, 2 processors)" in text
    assert "- Toys only." in text and "- It was trained once." in text
    assert "prevlib evaluate minilm" in text


def tagged():
    """40 toy sentences with two names, of which 10 are found by half."""
    words, true, short = ["Ana", "Ruiz", "left"], ["B-PER", "I-PER", "O"], ["B-PER", "O", "O"]
    rows, task = Rows([words] * 40, [true] * 40), evaluate().task
    kind, names = "token-classification", ("O", "B-PER", "I-PER")
    task = replace(task, kind=kind, label_names=names, train=rows, validation=rows, test=rows, slices={
        "all of them": np.arange(40) >= 0})  # fmt: skip
    scores = score_tags(task, [true] * 30 + [short] * 10, baseline=[["O"] * 3] * 40)
    return Evaluation(task, MODEL, scores, None, COST)


def with_a_head():
    remark = MODEL | {"n_train": 0, "remark": "read as 0 = no"}
    return replace(evaluate(0, quotable=False, train=Rows([], [])), model=remark, cost=None)


@pytest.mark.parametrize("name, make", [("texts", evaluate), ("tags", tagged), ("head", with_a_head)])
def test_a_card_reads_as_the_one_that_was_read_by_eye(name, make, pictures, monkeypatch):
    """After a change of the template, read the new card, then store it."""
    monkeypatch.setattr("prevlib.report.card.version", lambda _: "1.0")
    card = str(model_card(make(), pictures, command=f"prevlib evaluate {name}"))
    assert card == (CARDS / f"{name}.md").read_text(encoding="utf-8")


def test_what_is_missing_is_said(evaluation):
    bare = replace(evaluation, behaviour=None, cost=None)
    text = model_card(bare).text
    assert (
        "Not tested: written cases exist" in text and "- Single abilities, such as negation, were not" in text
    )
    assert "## Cost\n\nNot measured." in text
    text = model_card(evaluate(30)).text
    assert "not to be told apart from the simpler model" in text
    assert "- Whether it is better than the simpler model, this test set cannot decide." in text
    text = model_card(replace(evaluation, model=MODEL | {"n_train": 0, "remark": "read as 0 = no"})).text
    assert "measured as it is, with the head it came with" in text
    assert "| training | none here |" in text and "read as 0 = no" in text
    assert "nobody here can know" in text and "trained once" not in text


def test_single_texts_are_quoted_only_where_they_may_be(evaluation):
    assert "| toy 0 | no | yes | 0.881 |" in model_card(evaluation).text
    text = model_card(evaluate(quotable=False)).text
    assert "toy 0" not in text and "Own texts are not quoted" in text


def test_groups_are_named_and_counted():
    grouped = evaluate(groups=np.arange(60) // 3, group_unit="authors", slices={"old": np.arange(20) < 10})
    assert main_result(grouped).endswith("on 60 test texts of 20 authors")
    text = model_card(grouped).text
    assert "95 % intervals over test authors" in text and "| slice | authors | accuracy |" in text


def test_columns_of_numbers_stand_on_the_right():
    shown = table(["name", "n", "score"], [["a|b", 1200, Interval(0.5, 0.25, 0.75, 0.95)], ["c", 3, ""]])
    assert shown.splitlines() == [
        "| name | n | score |",
        "| :-- | --: | --: |",
        "| a\\|b | 1,200 | 0.500 [0.250, 0.750] |",
        "| c | 3 |  |",
    ]


def test_the_numbers_are_those_of_the_evaluation(evaluation):
    found = numbers(evaluation)
    assert found["metrics"]["accuracy"] == evaluation.scores.metrics["accuracy"]._asdict()
    assert found["confusion"] == [[25, 5], [5, 25]]
    assert found["slices"]["few"]["score"] is None
    assert found["calibration"]["bins"][0]["n"] == 60


# pictures, and the page


def test_pictures_stand_in_their_sections_with_their_words(evaluation, pictures, tmp_path):
    page = write_card(tmp_path, model_card(evaluation, pictures), pictures)
    assert page == tmp_path / "card.html"
    assert {path.name for path in tmp_path.glob("*.png")} == {f"{name}.png" for name in PICTURES}
    assert (tmp_path / "scores.png").read_bytes() == PNG
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert '![what "slices" shows](slices.png)\n*slices drawn*' in text
    order = [text.index(f"({name}.png)") for name in PICTURES]
    assert order == sorted(order)


def test_the_page_asks_nobody_for_anything(evaluation, pictures):
    html = card_page(model_card(evaluation, pictures), pictures)
    page = Page(html)
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    assert len(images) == len(PICTURES)
    for image in images:
        assert image["src"].startswith("data:image/png;base64,") and image["alt"]
    assert not {tag for tag, _ in page.tags} & {"script", "link", "iframe", "a", "object"}
    assert not re.search(r"url\(|@import|https?:", html)
    assert ("html", {"lang": "en"}) in page.tags
    headings = [tag for tag, _ in page.tags if tag in ("h1", "h2")]
    assert headings.count("h1") == 1 and headings.count("h2") == 10


def test_texts_are_shown_as_they_are(evaluation, pictures):
    nasty = evaluate(label_names=("no", NASTY), title=NASTY, name="a<b>", limits=(NASTY,))
    page = Page(card_page(model_card(nasty, pictures), pictures))
    assert not {tag for tag, _ in page.tags} & {"script", "a", "b"}
    assert len([tag for tag, _ in page.tags if tag == "img"]) == len(PICTURES)
    assert page.text.count(NASTY) >= 4
    assert "minilm for a<b>" in page.text
    assert ModelCard(str(model_card(nasty))).data.eval_results[0].dataset_name == NASTY


def test_lines_do_not_break_a_table():
    assert plain("one\n\n| two") == "one \\| two"


def test_axes_become_a_picture(evaluation):
    _, ax = plt.subplots()
    assert Picture(ax, "", "").png.startswith(b"\x89PNG")
    plt.close("all")


def test_a_picture_without_a_place_is_refused(evaluation):
    with pytest.raises(ValueError, match=r"`pictures` must be named out of \('scores', .*; got \('other',\)"):
        model_card(evaluation, {"other": Picture(PNG, "", "")})
