"""Features: equal to transformers and sentence-transformers, and the same in any company."""

import gc
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from datasets import Dataset, DatasetDict
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from transformers import BatchEncoding, BertModel, RobertaModel

from prevlib.checkpoints import checkpoint_path, load_encoder
from prevlib.datasets import load_reviews
from prevlib.features import FeatureExtractor, encode, extract_features, extraction
from prevlib.inference import batches

TEXTS = [
    "a",
    "a joy .",
    "Here is some text to encode",
    "naïve café 電影",
    "",
    *("word " * n + "end" for n in (3, 9, 20, 41, 80, 130, 200)),
]


def test_equal_to_sentence_transformers():
    path = str(checkpoint_path("minilm"))
    transformer = Transformer(path, max_seq_length=512)
    theirs = SentenceTransformer(modules=[transformer, Pooling(384, "mean")], device="cpu")
    np.testing.assert_allclose(extract_features(TEXTS), theirs.encode(TEXTS), atol=1e-5)


@pytest.mark.parametrize("pooling", ["mean", "max", "cls"])
def test_every_layer_equals_transformers_called_on_the_text_alone(reference, pooling):
    tokenizer, model = reference
    found = extract_features(TEXTS, layer="all", pooling=pooling)
    for text, layers in zip(TEXTS, found, strict=True):
        with torch.inference_mode():
            states = model(**tokenizer(text, return_tensors="pt"), output_hidden_states=True).hidden_states
        reduce = {"mean": lambda s: s.mean(1), "max": lambda s: s.amax(1), "cls": lambda s: s[:, 0]}[pooling]
        np.testing.assert_allclose(layers, torch.cat([reduce(s) for s in states]), atol=1e-5)


def test_the_pooler_equals_transformers_called_on_the_text_alone(reference):
    tokenizer, model = reference
    with torch.inference_mode():
        alone = [model(**tokenizer(text, return_tensors="pt")).pooler_output for text in TEXTS]
    for layer in (-1, 6):
        found = extract_features(TEXTS, layer=layer, pooling="pooler")
        np.testing.assert_allclose(found, torch.cat(alone), atol=1e-5)


@pytest.fixture
def loaded_once(monkeypatch):
    """Spare the tests that call ``extract_features`` for one text at a time the loading."""
    for load in (extraction.load_encoder, extraction.load_tokenizer):
        monkeypatch.setattr(extraction, load.__name__, cache(load))


@pytest.mark.parametrize("pooling", ["mean", "max", "cls", "pooler"])
def test_a_text_has_the_same_vector_alone_in_any_batch_and_in_any_order(monkeypatch, loaded_once, pooling):
    layer = -1 if pooling == "pooler" else "all"
    alone = np.concatenate([extract_features([text], layer=layer, pooling=pooling) for text in TEXTS])
    monkeypatch.setattr(batches, "WINDOW", 5)  # windows, batches and order all vary
    for batch_size, seed in [(32, 0), (3, 1), (2, 2)]:
        order = np.random.default_rng(seed).permutation(len(TEXTS))
        texts = [TEXTS[i] for i in order]
        found = extract_features(texts, layer=layer, pooling=pooling, batch_size=batch_size)
        np.testing.assert_allclose(found, alone[order], atol=1e-5)


def test_bfloat16_points_into_the_same_direction():
    exact, rounded = (extract_features(TEXTS, dtype=dtype) for dtype in ("float32", "bfloat16"))
    assert rounded.dtype == np.float32
    norms = np.linalg.norm(exact, axis=1) * np.linalg.norm(rounded, axis=1)
    assert ((exact * rounded).sum(axis=1) / norms).min() >= 0.999
    assert not np.array_equal(exact, rounded)


@pytest.mark.parametrize("layer", [-1, "all"])
def test_a_file_holds_the_same_rows(no_pooler, tmp_path, layer):
    expected = extract_features(["a b", "c", "d e f"], no_pooler, layer=layer)
    found = extract_features(["a b", "c", "d e f"], no_pooler, layer=layer, out=tmp_path / "features.npy")
    assert isinstance(found, np.memmap) and not found.flags.writeable
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(np.load(tmp_path / "features.npy"), expected)


def test_a_file_is_neither_overwritten_nor_left_half_written(no_pooler, tmp_path, monkeypatch):
    path = tmp_path / "features.npy"
    path.write_text("mine")
    with pytest.raises(FileExistsError, match="`out` must be a new file; .*features.npy exists. Remove it"):
        extract_features(["a"], no_pooler, out=path)
    assert path.read_text() == "mine"
    path.unlink()
    monkeypatch.setattr(extraction, "pool", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        extract_features(["a"], no_pooler, out=path)
    assert list(tmp_path.iterdir()) == []


TWO_PROCESSES = """
import sys
import numpy as np
from accelerate import PartialState
from prevlib.features import extract_features

checkpoint, folder = sys.argv[1:]
texts = [f"word {'a ' * (i % 9)}{i}" for i in range(23)]
found = extract_features(texts, checkpoint)
mapped = extract_features(texts, checkpoint, layer="all", out=f"{folder}/all.npy")
state = PartialState()
assert found.shape[0] == mapped.shape[0] == 23
np.save(f"{folder}/rank_{state.process_index}_of_{state.num_processes}.npy", found)
state.destroy_process_group()
"""


@pytest.mark.skipif(os.name == "nt", reason="processes are started as POSIX does, by torchrun")
def test_two_processes_share_the_texts_and_return_all_rows_in_order(no_pooler, tmp_path):
    (tmp_path / "run.py").write_text(TWO_PROCESSES)
    run = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    subprocess.run([*run, tmp_path / "run.py", no_pooler, tmp_path], check=True, timeout=300)
    texts = [f"word {'a ' * (i % 9)}{i}" for i in range(23)]
    for rank in (0, 1):
        found = np.load(tmp_path / f"rank_{rank}_of_2.npy")
        np.testing.assert_allclose(found, extract_features(texts, no_pooler), atol=1e-6)
    every = extract_features(texts, no_pooler, layer="all")
    np.testing.assert_allclose(np.load(tmp_path / "all.npy"), every, atol=1e-6)
    assert not (tmp_path / "all.npy.partial").exists()


def test_one_layer_is_a_slice_of_all():
    every = extract_features(TEXTS[:3], layer="all")
    assert every.shape == (3, 7, 384)
    assert every.dtype == np.float32
    for layer in (0, 3, 6, -1, -7):
        np.testing.assert_array_equal(extract_features(TEXTS[:3], layer=layer), every[:, layer])


def test_a_checkpoint_that_pads_on_the_left_changes_nothing(save_tiny, tmp_path):
    right = save_tiny(tmp_path / "right", BertModel)
    left = save_tiny(tmp_path / "left", BertModel, padding_side="left")
    texts = ["a", "a joy", "a b c d e f g h"]
    np.testing.assert_allclose(extract_features(texts, left), extract_features(texts, right), atol=1e-5)


def test_the_positions_that_roberta_reserves_are_left_out(save_tiny, tmp_path):
    """Its table of 16 positions starts behind the padding token's id, 1, so that 14 are left."""
    folder = save_tiny(tmp_path, RobertaModel, model_max_length=10**30)
    with pytest.warns(UserWarning, match="1 of 2 texts had more than 14 tokens"):
        found = extract_features(["a " * 99, "a " * 12], folder)
    np.testing.assert_allclose(found[0], found[1], atol=1e-5)


def test_a_smaller_max_length_cuts_there(reference):
    tokenizer, model = reference
    with pytest.warns(UserWarning, match="1 of 2 texts had more than 4 tokens"):
        found = extract_features(["a joy for ever", "a joy"], max_length=4)
    with torch.inference_mode():
        states = model(**tokenizer(["a joy"], return_tensors="pt")).last_hidden_state
    np.testing.assert_allclose(found, states.mean(1).expand(2, -1), atol=1e-5)


def test_a_larger_max_length_than_the_model_has_is_the_model_s(no_pooler):
    with pytest.warns(UserWarning, match="1 of 1 texts had more than 14 tokens"):
        extract_features(["a " * 99], no_pooler, max_length=1000)


@pytest.mark.parametrize(
    "kind", [tuple, np.array, pd.Series, lambda texts: Dataset.from_dict({"text": texts})["text"]]
)
def test_any_sequence_of_strings_will_do(no_pooler, kind):
    texts = TEXTS[:4]
    np.testing.assert_array_equal(
        extract_features(kind(texts), no_pooler), extract_features(texts, no_pooler)
    )


def test_texts_that_are_too_long_are_counted_in_one_warning(no_pooler, capfd):
    with pytest.warns(UserWarning, match="2 of 4 texts had more than 14 tokens") as caught:
        found = extract_features(["a", "a " * 12, "a " * 13, "a " * 99], no_pooler, show_progress=False)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    np.testing.assert_allclose(found[1], found[2], atol=1e-5)  # cut to the same tokens
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "texts, options, error, text",
    [
        (["a", 7, None], {}, TypeError, r"got int \(7\) at position 1"),
        ([["a"]], {}, TypeError, "got list .* at position 0"),
        (pd.Series(["a", pd.NA]), {}, TypeError, "at position 1"),
        (
            pd.DataFrame({"text": ["a"]}),
            {},
            TypeError,
            r'got a DataFrame. Pass one column, such as table\["text',
        ),
        ({"text": ["a"]}, {}, TypeError, "got a dict. Pass one column"),
        (DatasetDict(train=Dataset.from_dict({"text": ["a"]})), {}, TypeError, "got a DatasetDict"),
        (Dataset.from_dict({"text": ["a"]}), {}, TypeError, "got dict .* at position 0"),
        (["a"], {"batch_size": 0}, ValueError, "`batch_size` must be at least 1; got 0"),
        (["a"], {"batch_size": -1}, ValueError, "`batch_size` must be at least 1; got -1"),
        (["a"], {"max_length": 0}, ValueError, "`max_length` must be at least 3, .* included; got 0"),
        (["a"], {"max_length": 2}, ValueError, "`max_length` must be at least 3, .* included; got 2"),
        (["a"], {"layer": -8}, ValueError, '`layer` must be "all" or from -7 to 6.*; got -8'),
        (["a"], {"layer": None}, ValueError, "got None"),
        (["a"], {"layer": "all", "pooling": "pooler"}, ValueError, "`layer` must be -1 .*; got 'all'"),
        ([], {}, ValueError, "`texts` must hold at least one text; got none"),
        ("a joy", {}, TypeError, "sequence of strings; got the single string 'a joy'. Put it in a list"),
        (["a", None], {}, TypeError, r"got NoneType \(None\) at position 1. Drop missing values"),
        ([float("nan")], {}, TypeError, r"got float \(nan\) at position 0"),
        (["a"], {"pooling": "sum"}, ValueError, "`pooling` must be one of mean, cls, max, pooler; got 'sum'"),
        (["a"], {"layer": 7}, ValueError, '`layer` must be "all" or from -7 to 6.*; got 7'),
        (["a"], {"layer": "last"}, ValueError, "got 'last'"),
        (["a"], {"layer": 2, "pooling": "pooler"}, ValueError, '`layer` must be -1 with pooling="pooler"'),
    ],
)
def test_bad_input_is_refused(texts, options, error, text):
    with pytest.raises(error, match=text):
        extract_features(texts, **options)


def test_the_pooler_is_refused_where_there_is_none(no_pooler):
    with pytest.raises(
        ValueError, match='`pooling` must not be "pooler" for .*, which has no pooler weights'
    ):
        extract_features(["a"], no_pooler, pooling="pooler")


def test_the_bar_can_be_turned_off(no_pooler, capfd):
    extract_features(TEXTS[:3], no_pooler, show_progress=False)
    assert capfd.readouterr() == ("", "")
    extract_features(TEXTS[:3], no_pooler)
    assert "3/3" in capfd.readouterr().err


# FeatureExtractor


def test_the_extractor_clones_and_equals_the_function(no_pooler):
    extractor = FeatureExtractor(no_pooler, layer=1, pooling="max", batch_size=2, max_length=14)
    twin = clone(extractor)
    assert twin.get_params() == extractor.get_params()
    expected = extract_features(TEXTS[:3], no_pooler, layer=1, pooling="max")
    np.testing.assert_allclose(twin.fit(TEXTS).transform(TEXTS[:3]), expected, atol=1e-6)


def test_the_extractor_works_in_a_pipeline_and_a_grid_search(no_pooler):
    pipeline = Pipeline([("features", FeatureExtractor(no_pooler)), ("classify", LogisticRegression())])
    grid = {"features__layer": [0, 2], "features__pooling": ["mean", "cls"]}
    texts, labels = (
        ["a joy", "lovely", "a delight", "warm", "a bore", "dull", "a chore", "cold"],
        [1] * 4 + [0] * 4,
    )
    search = GridSearchCV(pipeline, grid, cv=2).fit(texts, labels)
    assert len(search.cv_results_["params"]) == 4
    best = search.best_estimator_.named_steps["features"]
    assert (
        best.get_params().items() >= {"checkpoint": no_pooler, "batch_size": None, "dtype": "float32"}.items()
    )
    assert {f"features__{name}": getattr(best, name) for name in ("layer", "pooling")} == search.best_params_
    assert search.predict(["a joy"]).shape == (1,)


def test_the_extractor_checks_its_texts_when_it_is_fitted(no_pooler):
    with pytest.raises(TypeError, match="got NoneType"):
        FeatureExtractor(no_pooler).fit(["a", None])
    extractor = FeatureExtractor().set_params(layer=3, pooling="cls")
    assert (extractor.layer, extractor.pooling) == (3, "cls")


# Memory


@pytest.mark.parametrize("out", [None, "features.npy"])
def test_only_one_window_of_tokens_is_alive_at_a_time(no_pooler, monkeypatch, tmp_path, out):
    """While the model runs, as many bytes of tensors and token ids are alive for ten windows as for two."""
    alive = []

    def count(*_):
        found = gc.get_objects()
        dense = (x for x in found if type(x) is torch.Tensor and x.layout is torch.strided)
        tensors = sum(x.nbytes for x in dense)
        tokens = sum(len(row) for x in found if type(x) is BatchEncoding for row in x["input_ids"])
        alive.append((tensors, tokens))

    def load_and_count(checkpoint):
        model = load_encoder(checkpoint)
        model.register_forward_pre_hook(count)
        return model

    monkeypatch.setattr("prevlib.features.extraction.load_encoder", load_and_count)
    monkeypatch.setattr("prevlib.inference.batches.WINDOW", 4)
    peaks = []
    for n_windows in (2, 10):
        texts = ["one", "one two", "one two three", "four"] * n_windows
        alive.clear()
        gc.collect()
        extract_features(texts, no_pooler, batch_size=2, out=out and tmp_path / f"{n_windows}.npy")
        assert len(alive) == 2 * n_windows
        peaks.append([max(values) for values in zip(*alive, strict=True)])
    assert peaks[0] == peaks[1]


MEMORY = """
import re, sys
from pathlib import Path
from prevlib.features import extract_features
from prevlib.inference.batches import WINDOW
checkpoint, texts = sys.argv[1], Path(sys.argv[2]).read_text().split("\\n")
for part in (texts[: 4 * WINDOW], 3 * texts):
    result = extract_features(part, checkpoint, show_progress=False).nbytes
    peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
    print(len(part), peak / 1024, result / 2**20)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads VmHWM, which only Linux has")
@pytest.mark.parametrize(
    "checkpoint, slack",
    [("tiny", 30), pytest.param("minilm", 60, marks=pytest.mark.slow)],  # slack in MiB
)
def test_memory_does_not_grow_with_the_number_of_texts(no_pooler, tmp_path, checkpoint, slack):
    """Three times all 8,530 reviews need the memory of four windows, their result and a little slack.

    Four, because in the first windows blocks are gathered for batches of many shapes, up to a bound. The
    hidden states, were they kept, would be above 90 MiB in the tiny model and 5,000 MiB in minilm.

    The peak is VmHWM, in a new process, because ru_maxrss survives exec: it would be the peak of pytest.
    """
    file = tmp_path / "texts.txt"  # read by the process, so that the peak of reading the CSV is not in it
    file.write_text("\n".join(text for split in load_reviews().values() for text in split["text"]))
    # The tiny model cuts most reviews to 14 tokens, and warns of it.
    name, warned = (no_pooler, "ignore") if checkpoint == "tiny" else (checkpoint, "error")
    run = [sys.executable, "-W", warned, "-c", MEMORY, name, file]
    env = os.environ | {"MALLOC_MMAP_THRESHOLD_": "131072"}  # what is freed goes back to the system
    done = subprocess.run(run, capture_output=True, text=True, check=True, env=env)
    assert done.stderr == ""
    print(done.stdout)  # number of texts, peak, result, both in MiB; shown by pytest -s
    (_, few, few_result), (n_texts, many, result) = (
        map(float, row.split()) for row in done.stdout.splitlines()
    )
    assert n_texts == 3 * 8530
    assert many - few < result - few_result + slack


def test_text_that_is_no_unicode_is_refused():
    with pytest.raises(ValueError, match="`text` must be valid Unicode; got half of a surrogate pair"):
        encode("a \ud83d b")
    with pytest.raises(ValueError, match="The text at position 1 must be valid Unicode"):
        extract_features(["a", "\udc80"])
