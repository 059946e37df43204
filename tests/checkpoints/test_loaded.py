"""A loaded model does what its folder does, everywhere, and is afterwards what it was before."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from small_models import save_small_bert
from transformers import BertForMaskedLM, BertForSequenceClassification, BertForTokenClassification, BertModel

from prevlib import cost
from prevlib.checkpoints import (
    Loaded,
    load_classifier,
    load_config,
    load_encoder,
    load_masked_lm,
    load_tagger,
    load_tokenizer,
)
from prevlib.cost import cost_profile
from prevlib.features import FeatureExtractor, encode, extract_features
from prevlib.finetuning import finetune_classifier, finetune_tagger, predict_logits, predict_tags
from prevlib.generation import fill_mask, gibbs_generate, iterative_refine
from prevlib.interpretation import attention_maps, integrated_gradients, probe_layers
from prevlib.language import pseudo_log_likelihood, pseudo_perplexity, score_minimal_pairs, token_log_probs
from prevlib.pretraining import evaluate_mlm
from prevlib.training import TrainConfig

NAMES = ["O", "B-PER"]
TEXTS = ["a joy", "a bore of a film", "lovely", "dull and cold"]
LABELS = [1, 0, 1, 0]
WORDS = [text.split() for text in TEXTS]
TAGS = [[len(word) % 2 for word in words] for words in WORDS]
PAIRS = pd.DataFrame({"good": ["the films are good"], "bad": ["the films is good"]})
TRAINING = {"config": TrainConfig(max_steps=2, bf16=False), "show_progress": False}
KINDS = {
    "encoder": (BertModel, load_encoder, {}),
    "masked_lm": (BertForMaskedLM, load_masked_lm, {}),
    "classifier": (BertForSequenceClassification, load_classifier, {}),
    "tagger": (BertForTokenClassification, load_tagger, {"names": NAMES}),
}
USES = {
    "encoder": [
        lambda name: encode(TEXTS[0], name).last_hidden_state,
        lambda name: extract_features(TEXTS, name),
        lambda name: extract_features(TEXTS, name, dtype="bfloat16"),
        lambda name: FeatureExtractor(name, layer=1).fit_transform(TEXTS),
        lambda name: clone(FeatureExtractor(name)).fit_transform(TEXTS),
        lambda name: attention_maps(TEXTS[0], name).attentions,
        lambda name: attention_maps(TEXTS[0], name, random_init=True).attentions,
        lambda name: probe_layers(TEXTS, LABELS, name),
        lambda name: cost_profile(name, TEXTS, finetune=False, repeats=1).parameters,
        lambda name: predict_logits(finetune_classifier(TEXTS, LABELS, name, **TRAINING), TEXTS),
        lambda name: finetune_tagger(
            WORDS, TAGS, name, label_names=NAMES, mark_capitals=True, **TRAINING
        ).history.to_frame()["loss"],
    ],
    "masked_lm": [
        lambda name: extract_features(TEXTS, name),
        lambda name: evaluate_mlm(name, TEXTS * 9, sequence_length=16),
        lambda name: token_log_probs(TEXTS, name)[0].log_probs,
        lambda name: pseudo_log_likelihood(TEXTS, name),
        lambda name: pseudo_perplexity(TEXTS, name),
        lambda name: score_minimal_pairs(PAIRS, name)[["good_score", "bad_score"]],
        lambda name: [filled.probability for filled in fill_mask("a [MASK]", name)[0]],
        lambda name: gibbs_generate(name, n_tokens=3, n_sweeps=1).token_ids,
        lambda name: iterative_refine(name, n_tokens=3, n_iterations=2).token_ids,
    ],
    "classifier": [
        lambda name: predict_logits(name, TEXTS),
        lambda name: integrated_gradients(TEXTS[0], name, tolerance=np.inf).attributions,
        lambda name: finetune_classifier(TEXTS, LABELS, name, **TRAINING).history.to_frame()["loss"],
    ],
    "tagger": [lambda name: [tag == "O" for tags in predict_tags(name, WORDS) for tag in tags]],
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {
        kind: save_small_bert(tmp_path_factory.mktemp(kind), model_class, **options)
        for kind, (model_class, _, options) in KINDS.items()
    }


def same_weights(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize(
    "kind, use",
    [(kind, use) for kind, uses in USES.items() for use in uses],
    ids=lambda value: str(value)[:9],
)
def test_a_loaded_model_does_what_its_folder_does_and_stays_as_it_is(kind, use, folders, monkeypatch):
    monkeypatch.setattr(cost, "peak_memory_mib", lambda code, data: 100.0)
    _, load, _ = KINDS[kind]
    loaded = Loaded(load(folders[kind]), load_tokenizer(folders[kind]))
    before = (str(loaded.model), loaded.model.config.to_dict())
    np.testing.assert_allclose(use(loaded), use(folders[kind]), atol=1e-6)
    assert (str(loaded.model), loaded.model.config.to_dict()) == before
    assert same_weights(loaded.model, load(folders[kind]))
    assert not loaded.model.training


def test_a_loader_copies_a_loaded_model(folders):
    loaded = Loaded(load_masked_lm(folders["masked_lm"]).half().train(), load_tokenizer("minilm"))
    copied = load_masked_lm(loaded)
    assert (copied.dtype, copied.training) == (torch.float32, False)
    with torch.no_grad():
        copied.bert.embeddings.word_embeddings.weight.zero_()
    assert loaded.model.bert.embeddings.word_embeddings.weight.abs().sum() > 0
    assert load_tokenizer(loaded) is loaded.tokenizer


def test_a_loaded_model_is_as_strict_as_a_folder(folders):
    encoder = Loaded(load_encoder(folders["encoder"]), load_tokenizer("minilm"))
    for use in (lambda: fill_mask("a [MASK]", encoder), lambda: predict_logits(encoder, ["a"])):
        with pytest.raises(
            ValueError, match=r"Loaded\(BertModel\) must hold .*; got a file without its head"
        ):
            use()
    assert load_encoder(Loaded(load_masked_lm(folders["masked_lm"]), None)).pooler is None
    assert load_classifier(encoder, 3).config.num_labels == 3
    assert load_config(encoder, num_labels=3).num_labels == 3 != load_config(encoder).num_labels


def test_training_goes_on_from_a_loaded_model_in_the_folder_where_it_began(folders, tmp_path):
    options = {"checkpoint_dir": tmp_path, **TRAINING}
    first = finetune_classifier(
        TEXTS, LABELS, Loaded(load_encoder(folders["encoder"]), load_tokenizer("minilm")), **options
    )
    again = finetune_classifier(
        TEXTS, LABELS, Loaded(load_encoder(folders["encoder"]), load_tokenizer("minilm")), **options
    )
    assert same_weights(first.model, again.model)
    other = Loaded(load_encoder(folders["encoder"], random_init=True), load_tokenizer("minilm"))
    with pytest.raises(ValueError, match="initial weights"):
        finetune_classifier(TEXTS, LABELS, other, **options)
