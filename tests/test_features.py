"""Features: equal to transformers and sentence-transformers, and the same in any company."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from transformers import AutoModel, AutoTokenizer, BertConfig, BertForMaskedLM

from prevlib import features
from prevlib.checkpoints import checkpoint_path, load_tokenizer, quiet_transformers
from prevlib.features import FeatureExtractor, encode, extract_features, pool

TEXTS = [
    "a",
    "a joy .",
    "Here is some text to encode",
    "naïve café 電影",
    "",
    *("word " * n + "end" for n in (3, 9, 20, 41, 80, 130, 200)),
]


@pytest.fixture(scope="module")
def reference():
    path = checkpoint_path("minilm")
    return AutoTokenizer.from_pretrained(path), AutoModel.from_pretrained(path).eval()


@pytest.fixture(scope="module")
def no_pooler(tmp_path_factory):
    """A tiny masked-language model, which has no pooler."""
    folder = tmp_path_factory.mktemp("no_pooler")
    tokenizer = load_tokenizer("minilm")
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=16,
    )
    with quiet_transformers():
        BertForMaskedLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


# encode


def test_encode_equals_transformers(reference):
    tokenizer, model = reference
    encoded = encode("Here is some text to encode")
    input_ids = tokenizer.encode("Here is some text to encode", add_special_tokens=True)
    with torch.inference_mode():
        outputs = model(torch.tensor([input_ids]))
    assert encoded.tokens == tokenizer.convert_ids_to_tokens(input_ids)
    torch.testing.assert_close(encoded.last_hidden_state, outputs.last_hidden_state, atol=1e-5, rtol=0)
    torch.testing.assert_close(encoded.pooler_output, outputs.pooler_output, atol=1e-5, rtol=0)
    assert not encoded.last_hidden_state.requires_grad


def test_encode_has_no_pooled_output_without_pooler_weights(no_pooler):
    encoded = encode("a joy", no_pooler)
    assert encoded.last_hidden_state.shape == (1, 4, 32)
    assert encoded.pooler_output is None


def test_encode_cuts_what_is_too_long_and_says_so():
    with pytest.warns(UserWarning, match="1 of 1 texts had more than 512 tokens; the rest of each was cut"):
        assert encode("word " * 600).last_hidden_state.shape == (1, 512, 384)


def test_encode_takes_one_text():
    with pytest.raises(
        TypeError, match="`text` must be a string; got list. For many texts use extract_features"
    ):
        encode(["a"])


# pool


def test_pooling_by_hand():
    states = torch.tensor([[[1.0, 0.0], [3.0, 2.0], [10.0, 10.0]], [[4.0, 4.0], [2.0, 6.0], [0.0, -1.0]]])
    mask = torch.tensor([[1, 1, 0], [0, 1, 1]])  # padding on the right, padding on the left
    assert pool(states, mask, "mean").tolist() == [[2, 1], [1, 2.5]]
    assert pool(states, mask, "max").tolist() == [[3, 2], [2, 6]]
    assert pool(states, mask, "cls").tolist() == [[1, 0], [2, 6]]


def test_padding_may_hold_anything():
    states = torch.tensor([[[1.0], [torch.nan], [torch.inf]]])
    for pooling in ("mean", "max", "cls"):
        assert pool(states, torch.tensor([[1, 0, 0]]), pooling).item() == 1


@pytest.mark.parametrize(
    "mask, pooling, text",
    [
        ([[1, 1]], "mean", r"`attention_mask` must have the shape.*\(1, 3\); got \(1, 2\)"),
        ([[0, 0, 0]], "mean", "must have a 1 in every row; got a row of zeros"),
        ([[1, 1, 1]], "sum", "`pooling` must be .*; got 'sum'"),
    ],
)
def test_pooling_refuses_what_makes_no_sense(mask, pooling, text):
    with pytest.raises(ValueError, match=text):
        pool(torch.zeros(1, 3, 2), torch.tensor(mask), pooling)


# extract_features


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


@pytest.mark.parametrize("pooling", ["mean", "max", "cls", "pooler"])
def test_a_text_has_the_same_vector_alone_in_any_batch_and_in_any_order(monkeypatch, pooling):
    layer = -1 if pooling == "pooler" else "all"
    alone = np.concatenate([extract_features([text], layer=layer, pooling=pooling) for text in TEXTS])
    monkeypatch.setattr(features, "WINDOW", 5)  # windows, batches and order all vary
    for batch_size, seed in [(32, 0), (3, 1), (2, 2)]:
        order = np.random.default_rng(seed).permutation(len(TEXTS))
        texts = [TEXTS[i] for i in order]
        found = extract_features(texts, layer=layer, pooling=pooling, batch_size=batch_size)
        np.testing.assert_allclose(found, alone[order], atol=1e-5)


def test_one_layer_is_a_slice_of_all():
    every = extract_features(TEXTS[:3], layer="all")
    assert every.shape == (3, 7, 384)
    assert every.dtype == np.float32
    for layer in (0, 3, 6, -1, -7):
        np.testing.assert_array_equal(extract_features(TEXTS[:3], layer=layer), every[:, layer])


@pytest.mark.parametrize(
    "kind", [tuple, np.array, pd.Series, lambda texts: Dataset.from_dict({"text": texts})["text"]]
)
def test_any_sequence_of_strings_will_do(no_pooler, kind):
    texts = TEXTS[:4]
    np.testing.assert_array_equal(
        extract_features(kind(texts), no_pooler), extract_features(texts, no_pooler)
    )


def test_texts_that_are_too_long_are_counted_in_one_warning(no_pooler, capfd):
    with pytest.warns(UserWarning, match="2 of 4 texts had more than 16 tokens") as caught:
        found = extract_features(["a", "a " * 14, "a " * 15, "a " * 99], no_pooler)
    assert len(caught) == 1
    np.testing.assert_allclose(found[1], found[2], atol=1e-5)  # cut to the same tokens
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "texts, options, error, text",
    [
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


# FeatureExtractor


def test_the_extractor_clones_and_equals_the_function(no_pooler):
    extractor = FeatureExtractor(no_pooler, layer=1, pooling="max", batch_size=2, max_length=16)
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
    assert search.predict(["a joy"]).shape == (1,)


# Memory

MEMORY = """
import resource, sys
from prevlib.datasets import load_reviews
from prevlib.features import extract_features
texts = [text for split in load_reviews().values() for text in split["text"]]
found = extract_features(texts[: int(sys.argv[1])], sys.argv[2])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, found.nbytes / 2**20)
"""


def peak_memory(n_texts, checkpoint):
    run = [sys.executable, "-c", MEMORY, str(n_texts), str(checkpoint)]
    printed = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    return map(float, printed.split())


def test_memory_does_not_grow_with_the_number_of_texts(no_pooler):
    assert_flat_memory(no_pooler)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_texts_for_minilm():
    assert_flat_memory("minilm")


def assert_flat_memory(checkpoint):
    few, few_result = peak_memory(500, checkpoint)
    many, many_result = peak_memory(8530, checkpoint)
    print(f"peak memory: {few:.0f} MiB for 500 texts, {many:.0f} MiB for 8,530, result {many_result:.1f} MiB")
    assert many - few < many_result - few_result + 0.05 * few
