"""The encoder: weights counted by hand, transformers as oracle, planted mistakes that must show."""

import math

import pytest
import torch
import transformers
from torch import nn
from transformers import BertConfig, BertModel, DistilBertConfig, DistilBertModel

from prevlib import encoder
from prevlib.checkpoints import load_encoder, load_masked_lm, load_tokenizer
from prevlib.encoder import Bert, BertForMaskedLM, BertForNextSentencePrediction, attention_weights, gelu
from prevlib.training import TrainConfig, fit

SIZES = {"vocab_size": 99, "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3}
SIZES |= {"intermediate_size": 40, "max_position_embeddings": 16}
NO_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
RANDOM = [
    {},
    {"num_attention_heads": 1, "num_hidden_layers": 1, "type_vocab_size": 3, "layer_norm_eps": 1e-5},
    {"hidden_size": 32, "num_attention_heads": 8, "num_hidden_layers": 4, "initializer_range": 0.3},
]


def batch(vocab_size=99, n=4, length=12, seed=0):
    """Ids with padding at the end of all rows but the first, and a second segment."""
    generator = torch.Generator().manual_seed(seed)
    input_ids = torch.randint(1, vocab_size, (n, length), generator=generator)
    attention_mask = (torch.arange(length) < torch.tensor([length, 7, 3, 1])[:n, None]).long()
    token_type_ids = (torch.arange(length) >= 5).long().expand(n, -1)
    inputs = {"input_ids": input_ids * attention_mask, "attention_mask": attention_mask}
    return inputs | {"token_type_ids": token_type_ids * attention_mask}


def pair(changes, theirs_class=BertModel):
    """A random model of transformers, saved and read again as ours."""
    torch.manual_seed(3)
    theirs = theirs_class(BertConfig(**(SIZES | changes), **NO_DROPOUT, attn_implementation="eager")).eval()
    for parameter in theirs.parameters():  # norms and biases that are not 1 and 0
        if parameter.ndim == 1:
            nn.init.normal_(parameter, std=0.5)
    return theirs


def saved(theirs, folder):
    theirs.save_pretrained(folder)
    return folder


# By hand


def test_three_tokens_by_hand():
    """q.k = 0, 2, 4 over sqrt(4) = 0, 1, 2; without the third token e^0 : e^1."""
    query = torch.tensor([[2.0, 0, 0, 0]])
    key = torch.tensor([[0.0, 9, 9, 9], [1, 0, 0, 0], [2, 0, 0, 0]])
    total = 1 + math.e + math.e**2
    torch.testing.assert_close(
        attention_weights(query, key), torch.tensor([[1 / total, math.e / total, math.e**2 / total]])
    )
    masked = attention_weights(query[None, None], key[None, None], torch.tensor([[1, 1, 0]]))
    torch.testing.assert_close(masked[0, 0], torch.tensor([[1 / (1 + math.e), math.e / (1 + math.e), 0]]))


def test_gelu_is_that_of_torch():
    x = torch.linspace(-6, 6, 101)
    torch.testing.assert_close(gelu(x), nn.functional.gelu(x))
    assert gelu(torch.tensor(0.0)) == 0


def test_the_parameters_are_counted_by_hand():
    d, f, layers = 24, 40, 2
    embeddings = (99 + 16 + 2) * d + 2 * d
    layer = 4 * (d * d + d) + 2 * d + (d * f + f) + (f * d + d) + 2 * d
    counted = embeddings + layers * layer
    assert sum(p.numel() for p in Bert(BertConfig(**SIZES), add_pooling_layer=False).parameters()) == counted
    assert sum(p.numel() for p in Bert(BertConfig(**SIZES)).parameters()) == counted + d * d + d
    head = d * d + d + 2 * d + 99  # the last matrix is that of the embeddings, counted once
    assert sum(p.numel() for p in BertForMaskedLM(BertConfig(**SIZES)).parameters()) == counted + head


# transformers as oracle


@pytest.mark.parametrize("changes", RANDOM)
def test_outputs_and_gradients_are_those_of_transformers(changes, tmp_path):
    theirs = pair(changes)
    ours = Bert.from_checkpoint(saved(theirs, tmp_path / "random"))
    inputs = batch()
    expected = theirs(**inputs, output_hidden_states=True, output_attentions=True)
    output = ours(**inputs)
    real = inputs["attention_mask"].bool()
    torch.testing.assert_close(
        output.last_hidden_state[real], expected.last_hidden_state[real], atol=1e-5, rtol=0
    )
    torch.testing.assert_close(output.pooler_output, expected.pooler_output, atol=1e-5, rtol=0)
    for a, b in zip(output.hidden_states, expected.hidden_states, strict=True):
        torch.testing.assert_close(a[real], b[real], atol=1e-5, rtol=0)
    for a, b in zip(output.attentions, expected.attentions, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=0)

    for outputs in (output, expected):
        (outputs.last_hidden_state[real].square().sum() + outputs.pooler_output.sum()).backward()
    gradients = encoder.renamed({name: p.grad for name, p in theirs.named_parameters()})
    assert gradients.keys() == dict(ours.named_parameters()).keys()
    for name, parameter in ours.named_parameters():
        torch.testing.assert_close(parameter.grad, gradients[name], atol=1e-4, rtol=1e-4, msg=name)


@pytest.mark.parametrize("name", ["mini", "minilm"])
def test_released_weights_give_the_same_numbers(name):
    theirs, ours, tokenizer = load_encoder(name), Bert.from_checkpoint(name), load_tokenizer(name)
    texts = ["Here is some text to encode", "A joy.", "one two three " * 9]
    inputs = tokenizer(texts, [".", "And a second text.", "no"], padding=True, return_tensors="pt")
    with torch.inference_mode():
        expected, output = theirs(**inputs), ours(**inputs)
    real = inputs["attention_mask"].bool()
    torch.testing.assert_close(
        output.last_hidden_state[real], expected.last_hidden_state[real], atol=1e-5, rtol=0
    )
    if name == "minilm":
        torch.testing.assert_close(output.pooler_output, expected.pooler_output, atol=1e-5, rtol=0)
    else:
        assert output.pooler_output is None is expected.pooler_output


def test_a_text_has_the_same_vectors_alone_and_in_any_batch():
    model = Bert.from_checkpoint("mini")
    inputs = batch(vocab_size=8000)
    with torch.inference_mode():
        together = model(**inputs).last_hidden_state
        for row, n in enumerate(inputs["attention_mask"].sum(1)):
            alone = model(
                inputs["input_ids"][row : row + 1, :n], None, inputs["token_type_ids"][row : row + 1, :n]
            )
            torch.testing.assert_close(alone.last_hidden_state[0], together[row, :n], atol=1e-5, rtol=0)


@pytest.mark.parametrize("folder", ["mini", "random"])
def test_the_masked_language_model_is_that_of_transformers(folder, tmp_path):
    if folder == "random":
        folder = saved(pair({}, transformers.BertForMaskedLM), tmp_path / "random")
    theirs, ours = load_masked_lm(folder), BertForMaskedLM.from_checkpoint(folder)
    inputs = batch()
    real = inputs["attention_mask"].bool()
    with torch.inference_mode():
        torch.testing.assert_close(
            ours(**inputs).logits[real], theirs(**inputs).logits[real], atol=1e-4, rtol=0
        )


def test_the_next_sentence_head_is_that_of_transformers():
    theirs = pair({}, transformers.BertForPreTraining)
    ours = BertForNextSentencePrediction(theirs.config).eval()
    ours.bert.load_state_dict(encoder.renamed(theirs.bert.state_dict()))
    ours.seq_relationship.load_state_dict(theirs.cls.seq_relationship.state_dict())
    inputs = batch()
    with torch.inference_mode():
        torch.testing.assert_close(ours(**inputs).logits, theirs(**inputs).seq_relationship_logits)


def test_the_random_start_is_that_of_bert():
    torch.manual_seed(0)
    model = BertForMaskedLM(BertConfig(**SIZES | {"hidden_size": 240}, initializer_range=0.05))
    words = model.bert.embeddings.word_embeddings.weight
    assert (words[0] == 0).all()  # padding
    assert words[1:].std().item() == pytest.approx(0.05, rel=0.02) and abs(words[1:].mean().item()) < 1e-3
    assert model.transform.weight.std().item() == pytest.approx(0.05, rel=0.02)
    assert all((m.bias == 0).all() for m in model.modules() if isinstance(m, nn.Linear))
    assert all((m.weight == 1).all() for m in model.modules() if isinstance(m, nn.LayerNorm))


def test_it_trains_as_that_of_transformers_does(tmp_path):
    theirs = pair({}, transformers.BertForMaskedLM)
    ours = BertForMaskedLM.from_checkpoint(saved(theirs, tmp_path / "random"))
    generator = torch.Generator().manual_seed(1)
    rows = [torch.randint(1, 99, (12,), generator=generator) for _ in range(64)]

    def loss(model, inputs):
        logits = model(**inputs).logits.flatten(0, 1)
        return nn.functional.cross_entropy(
            logits, inputs["input_ids"].flatten(), reduction="sum"
        ), logits.shape[0]

    def collate(examples):
        return {"input_ids": torch.stack(examples)}

    config = TrainConfig(max_steps=20, learning_rate=1e-3, per_device_train_batch_size=8, bf16=False)
    one, other = (
        [s["loss"] for s in fit(m, rows, loss, config, collate_fn=collate, show_progress=False).steps]
        for m in (theirs, ours)
    )
    assert one[-1] < one[0]
    torch.testing.assert_close(torch.tensor(other), torch.tensor(one), atol=1e-4, rtol=0)


# Planted mistakes


def without_scale(query, key, attention_mask=None):
    return attention_weights(query * math.sqrt(query.shape[-1]), key, attention_mask)


def without_mask(query, key, attention_mask=None):
    return attention_weights(query, key)


def mask_of_queries(query, key, attention_mask=None):
    weights = attention_weights(query, key)
    return weights * attention_mask[:, None, :, None]


@pytest.mark.parametrize("mistake", [without_scale, without_mask, mask_of_queries])
def test_a_wrong_scale_or_mask_is_noticed(monkeypatch, tmp_path, mistake):
    monkeypatch.setattr(encoder, "attention_weights", mistake)
    with pytest.raises(AssertionError, match="Tensor-likes are not close"):
        test_outputs_and_gradients_are_those_of_transformers({}, tmp_path)


@pytest.mark.parametrize("lost", ["attention.query", "attention.output", "intermediate", "pooler", "norm"])
def test_a_missing_bias_is_noticed(monkeypatch, tmp_path, lost):
    renamed = encoder.renamed

    def drop(weights):
        return {k: v * 0 if k.endswith(f"{lost}.bias") else v for k, v in renamed(weights).items()}

    monkeypatch.setattr(encoder, "renamed", drop)
    with pytest.raises(AssertionError, match="Tensor-likes are not close"):
        test_outputs_and_gradients_are_those_of_transformers({}, tmp_path)


# Errors


@pytest.mark.parametrize(
    "model, differ",
    [
        (lambda: BertModel(BertConfig(**SIZES, hidden_act="relu")), "'hidden_act': 'relu'"),
        (lambda: BertModel(BertConfig(**SIZES, is_decoder=True)), "'is_decoder': True"),
        (
            lambda: DistilBertModel(DistilBertConfig(vocab_size=99, dim=24, n_heads=2)),
            "'model_type': 'distilbert'",
        ),
    ],
)
def test_another_architecture_is_refused_with_what_differs(model, differ, tmp_path):
    model().save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=f"must get BERT's architecture.*got .*{differ}.*load_encoder"):
        Bert.from_checkpoint(tmp_path)


@pytest.mark.parametrize(
    "inputs, message",
    [
        (
            {"input_ids": torch.ones(5, dtype=torch.long)},
            r"`input_ids` must have .*got \(5,\). Put a single text",
        ),
        (
            {"input_ids": torch.ones(1, 17, dtype=torch.long)},
            r"at most 16 tokens; got \(1, 17\).*cut long texts",
        ),
        (
            {"input_ids": torch.ones(1, 3, dtype=torch.long), "attention_mask": torch.ones(1, 4)},
            r"must have the shape of `input_ids`, \(1, 3\); got \(1, 4\)",
        ),
    ],
)
def test_inputs_of_other_shapes_are_refused(inputs, message):
    with pytest.raises(ValueError, match=message):
        Bert(BertConfig(**SIZES))(**inputs)
