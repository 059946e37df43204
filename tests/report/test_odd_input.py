"""Odd files and options end in a card, or in one clear sentence before anything is trained."""

import gzip
import io
import json
import shutil
import zipfile
from html import escape

import pytest
from small_models import save_small_bert

from prevlib import __main__ as command_line
from prevlib import cost
from prevlib.report import run
from prevlib.report.card import plain


@pytest.fixture(autouse=True)
def no_second_process(monkeypatch):
    monkeypatch.setattr(cost, "peak_memory_mib", lambda code, data: 100.0)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A small random BERT, without a head."""
    return save_small_bert(tmp_path_factory.mktemp("bert") / "tiny")


def quoted(field):
    return '"' + field.replace('"', '""') + '"'


def table(labels=("good", "bad"), texts=None, header="text,label", end="\n", n=110):
    """A CSV file with two or more classes, taking turns."""
    texts = [f"film number {i} of many" for i in range(n)] if texts is None else texts
    rows = [f"{quoted(text)},{quoted(labels[i % len(labels)])}" for i, text in enumerate(texts)]
    return (end.join([header, *rows]) + end).encode()


def evaluate(checkpoint, data, out, *options):
    command_line.main(["evaluate", *map(str, (checkpoint, "--data", data, "--out", out, *options))])


# A card is written.


def lines_and_quotes():
    return [f'he said "no, {i}",\nand left' for i in range(110)]


CARDS = {  # name -> (file, its name, labels in the order of their classes, something else that the card says)
    "dollars": (table(("$5", "$10 $")), "mine.csv", ["$10 $", "$5"], ""),
    "a formula": (table((r"$\frac$", "$x^2$")), "mine.csv", [r"$\frac$", "$x^2$"], ""),
    "stars and lines": (table(("_a_b", "*c*")), "mine.csv", ["*c*", "_a_b"], ""),
    "braces": (table(("{x}", "{{y}}")), "mine.csv", ["{x}", "{{y}}"], ""),
    "pipes and backticks": (table(("a|b", "`c`")), "mine.csv", ["`c`", "a|b"], ""),
    "markup": (table(("<b>x</b>", "&amp;")), "mine.csv", ["&amp;", "<b>x</b>"], ""),
    "emoji": (table(("😀", "😢")), "mine.csv", ["😀", "😢"], ""),
    "hindi": (table(("अच्छा", "बुरा")), "mine.csv", ["अच्छा", "बुरा"], ""),
    "right to left": (table(("טוב", "سيئ")), "mine.csv", ["טוב", "سيئ"], ""),
    "chinese": (table(("好", "坏")), "mine.csv", ["坏", "好"], ""),
    "a line break": (table(("two\nlines", "one")), "mine.csv", ["one", "two lines"], ""),
    "a long name": (table(("n" * 300, "short")), "mine.csv", ["n" * 300, "short"], ""),
    "negative numbers": (table(("3", "-10", "-1"), n=150), "mine.csv", ["-10", "-1", "3"], ""),
    "none as a class": (table(("none", "hate")), "mine.csv", ["hate", "none"], ""),
    "blanks around labels": (
        table((" pos", "neg ", "pos\u200b")),
        "mine.csv",
        ["neg", "pos"],
        "Blanks around 110 of the labels were dropped.",
    ),
    "texts without a word": (
        table(texts=[f"{chr(97 + i % 26)} {i // 26} !" for i in range(110)]),
        "mine.csv",
        ["bad", "good"],
        "",
    ),
    "texts of several lines": (table(texts=lines_and_quotes()), "mine.csv", ["bad", "good"], ""),
    "a mark and old line ends": (b"\xef\xbb\xbf" + table(end="\r"), "mine.csv", ["bad", "good"], ""),
    "blank lines": (table().replace(b"\n", b"\n\n  \n"), "mine.csv", ["bad", "good"], ""),
    "an odd file name": (
        table(),
        "m$y_{file} *1*.csv",
        ["bad", "good"],
        plain("for the labels of m$y_{file} *1*.csv"),
    ),
    "an archive only by its name": (table(), "mine.csv.gz", ["bad", "good"], ""),
}


@pytest.mark.parametrize("name", CARDS)
def test_it_ends_in_a_card(name, checkpoint, tmp_path, capsys):
    content, file_name, labels, sentence = CARDS[name]
    file, out = tmp_path / file_name, tmp_path / "out"
    file.write_bytes(content)
    evaluate(checkpoint, file, out, "--train-rows", 20)
    assert capsys.readouterr().out.startswith("accuracy 0.")
    card = (out / "README.md").read_text(encoding="utf-8")
    classes = [line.split(" | ")[0] for line in card.splitlines() if line.startswith("| of them ")]
    assert classes == [f"| of them {plain(label)}" for label in labels]
    assert sentence in card
    html = (out / "card.html").read_text(encoding="utf-8")
    assert all(f'<td style="text-align:left">{escape(label)}</td>' in html for label in labels)
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert [" ".join(label.split()) for label in results["classes"]] == labels
    assert (out / "confusion.png").stat().st_size > 1000


def test_long_texts_are_cut_with_a_warning(checkpoint, tmp_path, capsys):
    file = tmp_path / "mine.csv"
    file.write_bytes(table(texts=[f"film {i} " + "long " * 600 * (i < 100) for i in range(110)]))
    with pytest.warns(
        UserWarning, match="texts had more than 512 tokens; the rest of each was cut"
    ) as caught:
        evaluate(checkpoint, file, tmp_path / "out", "--train-rows", 5)
    assert any("of 5 texts" in str(warning.message) for warning in caught)  # those of the training
    assert (tmp_path / "out" / "README.md").exists()


# The file is refused.


def swallowed(first, closing):
    """Two quotes that are left open, between which rows are taken for a text."""
    lines = table().decode().replace('"', "").splitlines()
    lines[3], lines[7] = first, closing
    return "\n".join(lines).encode()


def zipped():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mine.csv", table())
    return buffer.getvalue()


REFUSED = {  # name -> (file, what is said)
    "nothing": (b"", r"mine.csv must have the columns `text` and `label`; got \[\]"),
    "a header alone": (b"text,label\n", "`text` must be filled in every row of mine.csv; got 0 empty of 0"),
    "json": (
        b'{"text": "a", "label": 1}',
        "must have the columns `text` and `label`; got .* separate them by",
    ),
    "semicolons": (
        table(header="text;label").replace(b",", b";"),
        r"got \['text;label'\]. Rename the columns",
    ),
    "tabs": (table(header="text\tlabel").replace(b'","', b'"\t"'), r"got \['text\\tlabel'\]. Rename the col"),
    "another header": (table(header="review,label"), r"got \['review', 'label'\]. Rename the columns"),
    "two text columns": (
        table(header="text,label,text").replace(b'"\n', b'","again"\n'),
        "one column `text`; got 2",
    ),
    "two label columns": (
        table(header="label,label,text"),
        "must have one column `label`; got 2 of that name",
    ),
    "a field too few": (
        table() + b"alone\n",
        "2 fields, like the header; got 1 in row 111 below it, and 0 more",
    ),
    "a field too many": (table() + b"a,b,c\n" * 3, "header; got 3 in row 111 below it, and 2 more such rows"),
    "utf-16": (
        table().decode().encode("utf-16"),
        "in UTF-8; got zero bytes, as in UTF-16 .* iconv -f utf-16",
    ),
    "utf-16 unmarked": (
        table().decode().encode("utf-16-le"),
        "must be in UTF-8; got zero bytes, as in UTF-16",
    ),
    "latin-1": (
        table(("schön", "bad")).decode().encode("latin-1"),
        "got the byte 0xf6 in line 2. Save it as CSV",
    ),
    "half a surrogate pair": (
        table() + b"\xed\xa0\xbd,good\n",
        "in UTF-8; got the byte 0xed in line 112. Save",
    ),
    "a zip archive": (
        zipped(),
        "mine.csv must be a CSV file; got a ZIP archive, as Excel's .xlsx are. Unpack",
    ),
    "a broken zip archive": (zipped()[:40], "mine.csv must be a CSV file; got a ZIP archive"),
    "a gzip archive": (gzip.compress(table()), "mine.csv must be a CSV file; got a gzip archive. Unpack it"),
    "a broken gzip archive": (
        gzip.compress(table())[:30],
        "must be a CSV file; got a gzip archive. Unpack it",
    ),
    "an open quote": (
        table() + b'"open,good\n',
        "every quote is closed; got, up to line 112: unexpected end of",
    ),
    "a quote after a quote": (
        swallowed('"open,good', '"again,bad'),
        "every quote is closed; got, up to line 8: '",
    ),
    "rows inside a text": (
        swallowed('"open,good', 'the end",bad'),
        "opened; got a text with 4 lines like rows inside, such as '\"?open,good', in row 3",
    ),
    "empty labels": (
        table(("good", "")),
        r"`label` must be filled .* got 55 empty of 110, \[2, 4, 6, 8, 10\]",
    ),
    "invisible labels": (
        table(("good", "\u200b")),
        "`label` must be filled in every row .* got 55 empty of 110",
    ),
    "empty texts": (
        table(texts=["a", " ", "\ufeff"]),
        r"`text` must be filled .* got 2 empty of 3, \[2, 3\]",
    ),
    "nan": (
        table(("good", "bad", "nan")),
        "`label` must be filled .* got 36 times 'nan', which programs write",
    ),
    "NaN": (
        table(("good", "bad", "NaN")),
        "got 36 times 'NaN', which .* Drop these rows, or rename the class",
    ),
    "null": (table(("good", "null")), "got 55 times 'null', which programs write for a missing value"),
    "N/A": (table(("good", "N/A")), "got 55 times 'N/A', which programs write for a missing value"),
    "None": (table(("good", "None")), "got 55 times 'None', which programs write for a missing value"),
    "capitals": (
        table(("pos", "Pos", "neg")),
        r"written in one way in mine.csv; got 'Pos' \(37 .* 'pos' \(37 rows\)",
    ),
    "whole and decimal": (table(("1", "1.0", "0")), r"in one way .* got '1' \(37 rows\), '1.0' \(37 rows\)"),
    "leading zeros": (
        table(("01", "1", "2")),
        r"in one way in mine.csv; got '01' \(37 rows\), '1' \(37 rows\)",
    ),
    "composed letters": (
        table(("caf\u00e9", "cafe\u0301")),
        r"got 'cafe\\u0301' \(55 rows\), 'caf\\xe9' \(55 rows\)",
    ),
    "wide letters": (
        table(("ok", "ｏｋ", "no")),
        r"must be written in one way .* got 'ok' \(37 rows\), '\\uff4f",
    ),
    "blanks within": (table(("very good", "very  good", "no")), "written in one way .* got 'very  good'"),
    "invisible letters": (
        table(("good", "go\u00adod", "no")),
        r"written in one way .* 'go\\xadod' \(37 rows\)",
    ),
    "one class": (table(("good",)), "at least two classes; got only 'good'"),
    "two labels of a text": (table(texts=["a", "A!"] * 30), "A text must have one label, .* got 60 rows"),
    "few rows": (table(n=40), "must have at least 20 rows; got 8 of 40"),
    "an unknown split": (table(header="text,label,split").replace(b'"\n', b'","dev"\n'), r"got \['dev'\]"),
    "an empty split": (
        table(header="text,label,split").replace(b'"\n', b'",""\n'),
        "`split` must be filled in",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_file_is_refused(name, checkpoint, tmp_path):
    content, text = REFUSED[name]
    file = tmp_path / "mine.csv"
    file.write_bytes(content)
    with pytest.raises(SystemExit, match=f"^error: (?s:.*){text}") as raised:
        evaluate(checkpoint, file, tmp_path / "out")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "out").exists()


# What stands in the place of a file, a folder or a number is refused.


@pytest.mark.parametrize(
    "options, text",
    [
        (["--data", "."], "The data must be a CSV file; got ., a folder. Name the file inside it"),
        (["--data", "nowhere.csv"], "No such file or directory: nowhere.csv"),
        (
            ["--data", "mine.csv/inside"],
            "mine.csv/inside must be a file that can be read; got: Not a directory",
        ),
        (["--data", "caf\udce9.csv"], r"The name of `data` must be valid Unicode; got .* pair, '\\udce9'"),
        (
            ["--out", "mine.csv"],
            "`output` must be a folder that can be written; got mine.csv: File exists. Choose",
        ),
        (
            ["--out", "mine.csv/out"],
            "that can be written; got mine.csv/out: Not a directory. Choose another one",
        ),
        (
            ["--out", "/proc/out"],
            "`output` must be a folder that can be written; got /proc/out: No such file",
        ),
        (["--out", "caf\udce9"], "The name of `output` must be valid Unicode"),
        (["--train-rows", "0"], "`n_train` must be at least 1; got 0"),
        (["--train-rows", "-3"], "`n_train` must be at least 1; got -3"),
        (["--seed", "-1"], "`seed` must be from 0 to 4294967295; got -1"),
        (["--seed", "99999999999"], "`seed` must be from 0 to 4294967295; got 99999999999"),
    ],
)
def test_the_option_is_refused(options, text, checkpoint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.csv").write_bytes(table())
    monkeypatch.setattr(run, "finetune_classifier", None)  # would be called if training began
    with pytest.raises(SystemExit, match=f"^error: (?s:.*){text}") as raised:
        command_line.main(["evaluate", str(checkpoint), "--data", "mine.csv", "--out", "out", *options])
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "out").exists()


def rewrite(name, content):
    def change(folder):
        (folder / name).write_bytes(content)

    return change


@pytest.mark.parametrize(
    "change, text",
    [
        (
            rewrite("config.json", b"{"),
            "must hold a readable config.json of a model that transformers knows; got",
        ),
        (
            rewrite("config.json", b"[]"),
            "must hold a readable config.json of a model that transformers knows",
        ),
        (
            rewrite("config.json", b"\xff\xfe"),
            "must hold a readable config.json of a model that transformers",
        ),
        (
            rewrite("config.json", b'{"model_type": "bert", "id2label": ["\\ud83d"]}'),
            "must hold a readable config",
        ),
        (rewrite("tokenizer.json", b"{"), "The tokenizer files in .* must be readable; got"),
        (rewrite("model.safetensors", b"cut"), "must be complete safetensors; got"),
        (
            lambda folder: (folder / "model.safetensors").unlink(),
            "must hold weights in model.safetensors; got none",
        ),
        (lambda folder: (folder / "config.json").unlink(), "must hold a readable config.json"),
    ],
)
def test_a_broken_checkpoint_is_refused(change, text, checkpoint, tmp_path):
    shutil.copytree(checkpoint, tmp_path / "broken")
    change(tmp_path / "broken")
    (tmp_path / "mine.csv").write_bytes(table())
    with pytest.raises(SystemExit, match=f"^error: (?s:.*){text}"):
        evaluate(tmp_path / "broken", tmp_path / "mine.csv", tmp_path / "out")
    assert not (tmp_path / "out" / "training").exists()
