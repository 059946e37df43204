"""Scores of masked language models: by hand, against a plain loop, and the same in any batch."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from datasets import Dataset
from hypothesis import given
from hypothesis import strategies as st
from small_models import small_bert
from tokenizers import ByteLevelBPETokenizer
from tokenizers.processors import BertProcessing
from transformers import BertForMaskedLM, DistilBertForMaskedLM, PreTrainedTokenizerFast, RobertaForMaskedLM

import prevlib.evaluation
from prevlib.checkpoints import Loaded, load_masked_lm, load_tokenizer, quiet_transformers
from prevlib.datasets import load_minimal_pairs, load_reviews
from prevlib.evaluation import (
    Interval,
    minimal_pair_accuracy,
    pseudo_log_likelihood,
    pseudo_perplexity,
    score_minimal_pairs,
    token_log_probs,
    wilson_interval,
)
from prevlib.language import logits_at
from prevlib.tokenization import train_wordpiece

CORPUS = ["the film is good . the films are bad ! a good film", "an old man watches the sea"] * 2
WHOLE_WORDS = ["the film is good.", "good", "the old man " * 9]
PIECES = ["the films are good! a watchable sea", "seaside films"]
TEXTS = [*WHOLE_WORDS, *PIECES]


@pytest.fixture(scope="module")
def tokenizer():
    return train_wordpiece(CORPUS, vocab_size=70)


def tiny(model_class, vocab_size, **changes):
    """A model whose random weights are large, so that every token and position matters."""
    sizes = {"hidden_size": 16, "intermediate_size": 32, "hidden_dim": 32, "vocab_size": vocab_size}
    sizes |= {"max_position_embeddings": 40, "initializer_range": 0.3}
    return small_bert(model_class, **sizes | changes)


@pytest.fixture(scope="module")
def bert(tokenizer):
    return Loaded(tiny(BertForMaskedLM, len(tokenizer)), tokenizer)


@pytest.fixture
def frequencies(tokenizer):
    """A model that knows how frequent tokens are, and nothing of their context; (model, probabilities)."""
    model = tiny(BertForMaskedLM, len(tokenizer), tie_word_embeddings=False)
    probs = torch.arange(1, len(tokenizer) + 1) / sum(range(len(tokenizer) + 1))
    with torch.no_grad():
        model.cls.predictions.decoder.weight.zero_()
        model.cls.predictions.decoder.bias.copy_(probs.log())
    return model, probs.numpy()


def plain_loop(texts, model, tokenizer, within_words=False):
    """One mask, one run: the log-probabilities of each text, in plain transformers."""
    found = []
    for text in texts:
        encoding = tokenizer(text, return_tensors="pt")
        ids, words = encoding["input_ids"], encoding.word_ids()
        found.append([])
        for position in range(1, ids.shape[1] - 1):
            masked = ids.clone()
            masked[0, position] = tokenizer.mask_token_id
            if within_words:
                for later in range(position + 1, ids.shape[1]):
                    if words[later] == words[position]:
                        masked[0, later] = tokenizer.mask_token_id
            with torch.no_grad():
                log_probs = model(input_ids=masked).logits[0, position].log_softmax(-1)
            found[-1].append(log_probs[ids[0, position]].item())
    return found


def assert_same(scores, expected, atol=1e-5):
    assert len(scores) == len(expected)
    for score, values in zip(scores, expected, strict=True):
        np.testing.assert_allclose(score.log_probs, values, atol=atol, rtol=0)


# token_log_probs


def test_by_hand_where_only_frequencies_count(frequencies, tokenizer):
    model, probs = frequencies
    one, other = token_log_probs(["the film", "good"], Loaded(model, tokenizer))
    assert (one.tokens, other.tokens) == (["the", "film"], ["good"])
    ids = tokenizer.convert_tokens_to_ids(["the", "film", "good"])
    np.testing.assert_allclose(np.exp([*one.log_probs, *other.log_probs]), probs[ids], rtol=1e-5)
    # Total and count first, then one division: not the mean of the perplexities of the texts.
    assert pseudo_perplexity(["the film", "good"], Loaded(model, tokenizer)) == pytest.approx(
        np.prod(probs[ids]) ** (-1 / 3), rel=1e-5
    )


@pytest.mark.parametrize("within_words", [False, True])
def test_equals_a_plain_loop(bert, within_words):
    scores = token_log_probs(TEXTS, bert, within_word_left_to_right=within_words)
    assert_same(scores, plain_loop(TEXTS, bert.model, bert.tokenizer, within_words))
    assert [score.tokens for score in scores] == [bert.tokenizer.tokenize(text) for text in TEXTS]


@pytest.mark.parametrize("within_words", [False, True])
def test_equals_a_plain_loop_for_models_with_another_head(tokenizer, within_words):
    distilbert = Loaded(tiny(DistilBertForMaskedLM, len(tokenizer)), tokenizer)
    scores = token_log_probs(TEXTS, distilbert, within_word_left_to_right=within_words)
    assert_same(scores, plain_loop(TEXTS, distilbert.model, tokenizer, within_words))


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("model_class", [BertForMaskedLM, RobertaForMaskedLM])
def test_looking_at_one_position_gives_what_the_whole_model_says_there(model_class, attention):
    model = tiny(model_class, 50, attn_implementation=attention)
    generator = torch.Generator().manual_seed(0)
    input_ids = torch.randint(5, 50, (6, 9), generator=generator)
    lengths, positions = torch.tensor([9, 9, 5, 7, 1, 2]), torch.tensor([0, 8, 4, 3, 0, 1])
    real = torch.arange(9) < lengths[:, None]
    with torch.inference_mode():
        logits = model(input_ids=input_ids, attention_mask=real.long()).logits[torch.arange(6), positions]
    torch.testing.assert_close(logits_at(model, input_ids, lengths, positions), logits, atol=1e-5, rtol=0)


def test_many_runs_on_packed_weights_leave_the_model_as_it_is(bert, tokenizer):
    model = bert.model
    before = [type(module) for module in model.modules()]
    texts = [f"the songs are {word} and the film is long" for word in ["good", "bad"] * 50]
    few, many = token_log_probs(texts[:2], bert), token_log_probs(texts, bert)
    assert_same(many[:2], [scores.log_probs for scores in few])
    assert [type(module) for module in model.modules()] == before


def test_words_are_those_of_the_tokenizer_also_where_nothing_marks_their_pieces():
    bytes_ = ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    bytes_.train_from_iterator(CORPUS, vocab_size=290, special_tokens=special, show_progress=False)
    bytes_._tokenizer.post_processor = BertProcessing(("</s>", 2), ("<s>", 0))
    names = {"pad_token": "<pad>", "unk_token": "<unk>", "mask_token": "<mask>"}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bytes_._tokenizer, cls_token="<s>", sep_token="</s>", **names
    )
    model = tiny(RobertaForMaskedLM, len(tokenizer), pad_token_id=1)
    texts = ["watchable seaside", "old films"]
    scores = token_log_probs(texts, Loaded(model, tokenizer), within_word_left_to_right=True)
    assert_same(scores, plain_loop(texts, model, tokenizer, True))


@pytest.mark.parametrize("tokens_per_batch", [1, 40, 10_000])
def test_neither_the_batch_nor_the_order_matters(bert, tokens_per_batch):
    expected = token_log_probs(TEXTS, bert)
    backwards = token_log_probs(TEXTS[::-1], bert, tokens_per_batch=tokens_per_batch)
    assert_same(backwards[::-1], [score.log_probs for score in expected])
    assert [score.tokens for score in backwards[::-1]] == [score.tokens for score in expected]


def test_methods_agree_on_whole_words_and_on_last_pieces(bert):
    original, within = (token_log_probs(TEXTS, bert, within_word_left_to_right=w) for w in (False, True))
    for text, one, other in zip(TEXTS, original, within, strict=True):
        goes_on = np.array([token.startswith("##") for token in [*one.tokens[1:], "end"]])
        same = np.isclose(one.log_probs, other.log_probs, atol=1e-5)
        assert same[~goes_on].all() and not same[goes_on].any()
        assert goes_on.any() == (text in PIECES)


def test_a_folder_gives_what_its_model_gives(bert, tmp_path):
    with quiet_transformers():
        bert.model.save_pretrained(tmp_path)
    bert.tokenizer.save_pretrained(tmp_path)
    assert_same(token_log_probs(TEXTS, tmp_path), [score.log_probs for score in token_log_probs(TEXTS, bert)])


def test_dropout_is_off_also_in_a_model_that_was_being_trained(bert, tokenizer):
    expected = [score.log_probs for score in token_log_probs(TEXTS, bert)]
    assert_same(token_log_probs(TEXTS, Loaded(bert.model.train(), tokenizer)), expected)


def test_unknown_words_are_tokens(bert):
    [score] = token_log_probs(["the 電 film"], bert)
    assert score.tokens == ["the", "[UNK]", "film"]


@pytest.mark.parametrize(
    "texts, error",
    [
        (["good", " "], "`texts` must have at least one token each; got ' ' at position 1. Drop empty texts"),
        (
            ["film " * 39],
            "`texts` must have at most 40 tokens each, special ones included; got 41 in 'film f",
        ),
        (
            ["good", "a [MASK]"],
            r"`texts` must not contain special tokens such as \[MASK\]; got 'a \[MASK\]' at",
        ),
        (["good [SEP] bad"], "must not contain special tokens"),
        ([], "`texts` must hold at least one text; got none"),
    ],
)
def test_texts_that_have_no_score_are_refused(bert, texts, error):
    with pytest.raises(ValueError, match=error):
        token_log_probs(texts, bert)


def test_what_is_no_masked_language_model_is_refused(bert, tokenizer):
    with pytest.raises(
        ValueError, match="got a file without its head .* use a checkpoint that was saved with"
    ):
        token_log_probs(["good"], "minilm")
    tokenizer = train_wordpiece(CORPUS, vocab_size=70)
    tokenizer.mask_token = None
    with pytest.raises(
        ValueError,
        match="`checkpoint` must have a mask token; got 'Loaded.BertForMaskedLM.' without one. Mask",
    ):
        token_log_probs(["good"], Loaded(bert.model, tokenizer))


def test_options_that_do_not_exist_are_refused(bert):
    with pytest.raises(
        TypeError, match="`texts` must be a sequence of strings; got the single string 'good'"
    ):
        pseudo_log_likelihood("good", bert)
    with pytest.raises(ValueError, match="`tokens_per_batch` must be at least 1; got 0"):
        pseudo_log_likelihood(["good"], bert, tokens_per_batch=0)
    with pytest.raises(ValueError, match="`method` must be one of original, within_word_l2r; got 'l2r'"):
        pseudo_perplexity(["good"], bert, method="l2r")
    with pytest.raises(TypeError, match="tokens_per_bach"):
        pseudo_perplexity(["good"], bert, tokens_per_bach=1)


# pseudo_log_likelihood and pseudo_perplexity


@pytest.mark.parametrize("method", ["original", "within_word_l2r"])
def test_the_score_of_a_text_is_the_sum_over_its_tokens(bert, method):
    expected = [
        sum(row) for row in plain_loop(TEXTS, bert.model, bert.tokenizer, method == "within_word_l2r")
    ]
    found = pseudo_log_likelihood(TEXTS, bert, method=method)
    assert found.shape == (len(TEXTS),) and found.dtype == np.float64
    np.testing.assert_allclose(found, expected, atol=1e-4)
    n_tokens = sum(len(bert.tokenizer.tokenize(text)) for text in TEXTS)
    perplexity = pseudo_perplexity(TEXTS, bert, method=method)
    assert perplexity == pytest.approx(np.exp(-sum(expected) / n_tokens), rel=1e-4)


def test_the_score_of_reviews_by_mini_is_that_of_a_plain_loop():
    texts = load_reviews()["test"]["text"][:3]
    expected = plain_loop(texts, load_masked_lm("mini"), load_tokenizer("mini"))
    np.testing.assert_allclose(pseudo_log_likelihood(texts), [sum(row) for row in expected], atol=1e-4)


def test_a_model_that_knows_nothing_has_the_perplexity_of_its_vocabulary(frequencies, tokenizer):
    model, _ = frequencies
    torch.nn.init.zeros_(model.cls.predictions.decoder.bias)
    assert pseudo_perplexity(TEXTS, Loaded(model, tokenizer)) == pytest.approx(len(tokenizer), rel=1e-5)


# score_minimal_pairs and minimal_pair_accuracy


@pytest.mark.parametrize("kind", [pd.DataFrame, Dataset.from_dict])
def test_pairs_get_the_scores_of_their_sentences(bert, kind):
    columns = {"topic": ["x", "y"], "bad": ["film the", "good a"], "good": ["the film", "a good sea"]}
    found = score_minimal_pairs(kind(columns), bert, method="within_word_l2r")
    assert list(found) == ["topic", "bad", "good", "good_score", "bad_score"]
    for name in ("good", "bad"):
        expected = pseudo_log_likelihood(columns[name], bert, method="within_word_l2r")
        np.testing.assert_allclose(found[f"{name}_score"], expected, atol=1e-5)


def test_pairs_need_their_columns(bert):
    with pytest.raises(ValueError, match=r"`pairs` must have the columns `good` and `bad`; got \['good'\]"):
        score_minimal_pairs(pd.DataFrame({"good": ["a film"]}), bert)


def test_accuracy_by_hand():
    # Two wins, one loss, one tie: 2.5 of 4.
    assert minimal_pair_accuracy([3, 2, 1, 0], [0, 1, 2, 0]) == wilson_interval(2.5, 4)
    assert minimal_pair_accuracy([-5.0], [-9.0], level=0.9) == wilson_interval(1, 1, level=0.9)


def test_differences_within_the_tolerance_are_ties():
    assert minimal_pair_accuracy([0.00009, 0], [0, 0.00009]).estimate == 0.5
    assert minimal_pair_accuracy([0.0002, 1], [0, 0]).estimate == 1
    assert minimal_pair_accuracy([0.0002, 1], [0, 0], tolerance=0.5).estimate == 0.75


def test_a_model_that_says_nothing_is_at_chance(frequencies, tokenizer):
    """Both orders of the same words have the same score, whatever the frequencies."""
    pairs = pd.DataFrame(
        {"good": ["the film is good", "the old man"], "bad": ["is the film good", "man the old"]}
    )
    scores = score_minimal_pairs(pairs, Loaded(frequencies[0], tokenizer))
    assert minimal_pair_accuracy(scores["good_score"], scores["bad_score"]).estimate == 0.5


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=1))
def test_turning_the_pairs_around_turns_the_accuracy(scores):
    good, bad = np.array(scores).T
    found, turned = minimal_pair_accuracy(good, bad), minimal_pair_accuracy(bad, good)
    assert found.estimate == pytest.approx(1 - turned.estimate)
    assert found.low == pytest.approx(1 - turned.high)
    assert isinstance(found, Interval)


def test_scores_that_do_not_pair_up_are_refused():
    with pytest.raises(ValueError, match=r"must hold one score a pair, .*; got shapes \(2,\) and \(1,\)"):
        minimal_pair_accuracy([1, 2], [1])
    with pytest.raises(ValueError, match=r"got shapes \(0,\) and \(0,\)"):
        minimal_pair_accuracy([], [])
    with pytest.raises(ValueError, match="The scores must be numbers; got 1 pairs without"):
        minimal_pair_accuracy([1, np.nan], [1, 2])


# What the shipped model knows


def test_mini_prefers_english_and_its_untrained_twin_does_not():
    pairs = load_minimal_pairs()["test"].to_pandas()[::8]
    twin = Loaded(load_masked_lm("mini", random_init=True), load_tokenizer("mini"))
    trained, untrained = (
        minimal_pair_accuracy(scores["good_score"], scores["bad_score"])
        for scores in (score_minimal_pairs(pairs, "mini"), score_minimal_pairs(pairs, twin))
    )
    assert trained.low > 0.7
    assert untrained.low < 0.5 < untrained.high


@pytest.mark.slow
@pytest.mark.parametrize("method", ["original", "within_word_l2r"])
def test_mini_is_above_chance_in_most_phenomena(method, capsys):
    pairs = load_minimal_pairs()["test"]
    scores = score_minimal_pairs(pairs, "mini", method=method)
    found = {
        phenomenon: minimal_pair_accuracy(rows["good_score"], rows["bad_score"])
        for phenomenon, rows in scores.groupby("phenomenon", sort=False)
    }
    with capsys.disabled():
        print(f"\n{method}")
        for phenomenon, interval in found.items():
            print(f"  {phenomenon:28} {interval}")
    assert sum(interval.low > 0.5 for interval in found.values()) >= 12
    # It agrees the verb with the nearest noun, also with the wrong one.
    assert found["subject_verb_agreement"].low > 0.5 > found["agreement_across_distractor"].high


def test_importing_evaluation_does_not_load_torch():
    probe = "import prevlib.evaluation, sys; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", probe], check=True)
    with pytest.raises(AttributeError, match="module 'prevlib.evaluation' has no attribute 'perplexity'"):
        prevlib.evaluation.perplexity  # noqa: B018
