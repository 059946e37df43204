"""Checkpoints: whole ones load as transformers loads them, damaged ones are refused by name."""

import json
import shutil
import subprocess
import sys

import pytest
import torch
import transformers
from transformers import (
    AutoModel,
    BertConfig,
    BertForMaskedLM,
    BertForSequenceClassification,
    BertForTokenClassification,
    BertModel,
    DistilBertConfig,
    DistilBertForMaskedLM,
    RobertaConfig,
    RobertaForMaskedLM,
    RobertaModel,
)

from prevlib.checkpoints import (
    checkpoint_path,
    load_classifier,
    load_encoder,
    load_masked_lm,
    load_tagger,
    load_tokenizer,
    quiet_transformers,
)

IDS = torch.tensor([[2, 5, 7, 9, 3]])


def small_config(**changes):
    sizes = {"vocab_size": 30522, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    return BertConfig(**(sizes | {"intermediate_size": 32, "max_position_embeddings": 32} | changes))


def save(model, folder):
    torch.manual_seed(1)
    model.init_weights()
    with quiet_transformers():
        model.save_pretrained(folder)
    load_tokenizer("minilm").save_pretrained(folder)
    return folder


@pytest.fixture
def encoder_folder(tmp_path):
    return save(BertModel(small_config()), tmp_path / "encoder")


@pytest.fixture
def masked_lm_folder(tmp_path):
    return save(BertForMaskedLM(small_config()), tmp_path / "masked_lm")


@pytest.fixture
def tokenizer_folder(tmp_path):
    """The configuration and all the tokenizer files of minilm, the older vocab.txt among them."""
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        shutil.copy(checkpoint_path("minilm") / name, tmp_path)
    return tmp_path


def change_config(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def same_weights(one, other):
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


# Whole checkpoints


def test_minilm_is_the_bert_that_it_says(capfd):
    model, tokenizer = load_encoder("minilm"), load_tokenizer("minilm")
    assert sum(p.numel() for p in model.parameters()) == 22_713_216
    assert (model.config.num_hidden_layers, model.config.hidden_size) == (6, 384)
    assert len(tokenizer) == 30522
    assert model.dtype == torch.float32
    assert not model.training
    assert capfd.readouterr() == ("", "")


def test_a_folder_loads_as_transformers_loads_it(encoder_folder):
    ours, theirs = load_encoder(encoder_folder), AutoModel.from_pretrained(encoder_folder).eval()
    with torch.inference_mode():
        torch.testing.assert_close(ours(IDS).last_hidden_state, theirs(IDS).last_hidden_state)
        torch.testing.assert_close(ours(IDS).pooler_output, theirs(IDS).pooler_output)
    assert same_weights(load_encoder(str(encoder_folder)), ours)


def test_the_untrained_twin_has_the_same_shape_and_depends_on_its_seed_only():
    twin, again = (load_encoder("minilm", random_init=True, seed=3) for _ in range(2))
    trained = load_encoder("minilm")
    assert same_weights(twin, again)
    assert not same_weights(twin, load_encoder("minilm", random_init=True, seed=4))
    assert [p.shape for p in twin.parameters()] == [p.shape for p in trained.parameters()]
    assert not same_weights(twin, trained)
    assert not twin.training


@pytest.mark.parametrize(
    "load, own_shapes",
    [
        (load_masked_lm, {"cls.predictions.bias": (30522,)}),
        (lambda name, **twin: load_classifier(name, 3, **twin), {"classifier.weight": (3, 16)}),
        (lambda name, **twin: load_tagger(name, ["O", "I"], **twin), {"classifier.bias": (2,)}),
    ],
)
def test_an_untrained_twin_has_a_head_too(encoder_folder, load, own_shapes):
    (encoder_folder / "model.safetensors").unlink()  # it needs no weights
    twin, again, other = (load(encoder_folder, random_init=True, seed=seed) for seed in (1, 1, 2))
    assert same_weights(twin, again)
    assert not same_weights(twin, other)
    shapes = {name: tuple(weight.shape) for name, weight in twin.state_dict().items()}
    assert own_shapes.items() <= shapes.items()
    assert (twin.dtype, twin.training) == (torch.float32, False)


def test_half_precision_weights_are_loaded_in_float32(tmp_path):
    folder = save(BertModel(small_config()).half(), tmp_path)
    assert load_encoder(folder).dtype == load_encoder(folder, random_init=True).dtype == torch.float32


@pytest.mark.parametrize("bars", [True, False])
@pytest.mark.parametrize("verbosity", ["INFO", "ERROR"])
def test_loading_leaves_the_global_state_alone(encoder_folder, bars, verbosity):
    log = transformers.utils.logging
    before = log.get_verbosity(), log.is_progress_bar_enabled()
    torch.manual_seed(5)
    random_state = torch.random.get_rng_state()
    try:
        log.set_verbosity(getattr(log, verbosity))
        log.enable_progress_bar() if bars else log.disable_progress_bar()
        load_classifier(encoder_folder, 2)
        load_encoder(encoder_folder, random_init=True)
        load_tokenizer(encoder_folder)
        (encoder_folder / "model.safetensors").write_bytes(b"")
        with pytest.raises(ValueError):
            load_encoder(encoder_folder)
        assert (log.get_verbosity(), log.is_progress_bar_enabled()) == (getattr(log, verbosity), bars)
    finally:
        log.set_verbosity(before[0])
        log.enable_progress_bar() if before[1] else log.disable_progress_bar()
    assert torch.equal(random_state, torch.random.get_rng_state())


def test_loading_prints_nothing_where_transformers_reports(masked_lm_folder):
    """In a subprocess, because transformers binds its log to the stderr it finds when it is imported."""
    code = """
import sys
import transformers
from prevlib.checkpoints import *
name = sys.argv[1]
load_encoder(name), load_masked_lm(name), load_classifier(name, 2), load_tagger(name, ["O", "I"])
load_tokenizer(name), load_encoder("minilm")
try:
    load_masked_lm("minilm")
except ValueError:
    print("-- now transformers --", file=sys.stderr)
transformers.BertForSequenceClassification.from_pretrained(name)
"""
    run = subprocess.run(
        [sys.executable, "-c", code, masked_lm_folder], capture_output=True, text=True, check=True
    )
    ours, theirs = run.stderr.split("-- now transformers --")
    assert "classifier.weight" in theirs  # a report would have been seen
    assert (run.stdout, ours) == ("", "")


def test_a_masked_lm_loads_with_its_head(masked_lm_folder):
    theirs = BertForMaskedLM.from_pretrained(masked_lm_folder).eval()
    with torch.inference_mode():
        torch.testing.assert_close(load_masked_lm(masked_lm_folder)(IDS).logits, theirs(IDS).logits)


def test_an_encoder_without_pooler_weights_gets_no_pooler(masked_lm_folder):
    with torch.inference_mode():
        outputs = load_encoder(masked_lm_folder)(IDS)
    assert outputs.pooler_output is None
    assert outputs.last_hidden_state.shape == (1, 5, 16)


def test_a_new_head_depends_on_its_seed_only():
    heads = [load_classifier("minilm", 3, seed=seed).classifier.weight for seed in (0, 0, 1)]
    assert heads[0].shape == (3, 384)
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])


def test_a_saved_head_is_kept(tmp_path):
    folder = save(BertForSequenceClassification(small_config(num_labels=3)), tmp_path)
    saved = BertForSequenceClassification.from_pretrained(folder).classifier.weight
    assert torch.equal(load_classifier(folder, 3).classifier.weight, saved)
    assert torch.equal(load_classifier(folder, None).classifier.weight, saved)


def test_a_saved_head_keeps_the_names_of_its_labels(tmp_path):
    names = {0: "neg", 1: "pos", 2: "mixed"}
    folder = save(BertForSequenceClassification(small_config(id2label=names)), tmp_path)
    assert load_classifier(folder, None).config.id2label == names
    assert load_classifier(folder, 3).config.id2label == names


def test_a_tagger_knows_the_names_of_its_labels():
    tagger = load_tagger("minilm", ["O", "B-PER", "I-PER"])
    assert tagger.config.id2label == {0: "O", 1: "B-PER", 2: "I-PER"}
    with torch.inference_mode():
        assert tagger(IDS).logits.shape == (1, 5, 3)


def test_a_saved_tagger_is_kept_and_must_be_asked_for_in_its_own_order(tmp_path):
    names = ["O", "B-PER", "I-PER"]
    folder = save(BertForTokenClassification(small_config(id2label=dict(enumerate(names)))), tmp_path)
    saved = BertForTokenClassification.from_pretrained(folder).classifier.weight
    assert torch.equal(load_tagger(folder, names).classifier.weight, saved)
    assert load_tagger(folder, ["O", "B-X", "I-X"]).config.id2label[2] == "I-X"  # to be tuned further
    with pytest.raises(
        ValueError, match=r"`label_names` must be in the order of the head.*'B-PER', 'I-PER'\]; got \['B-PER"
    ):
        load_tagger(folder, ["B-PER", "I-PER", "O"])


@pytest.mark.parametrize("label_names", [[], "BIO", ["O", "B", "O"]])
def test_labels_without_distinct_names_are_refused(label_names):
    with pytest.raises(ValueError, match="`label_names` must be a list of distinct names.*; got "):
        load_tagger("minilm", label_names)


@pytest.mark.parametrize("num_labels", [0, -1])
def test_a_classifier_needs_a_class(num_labels):
    with pytest.raises(ValueError, match=f"`num_labels` must be at least 1; got {num_labels}"):
        load_classifier("minilm", num_labels)


@pytest.mark.parametrize(
    "model_class, config_class, has_pooler",
    [
        (RobertaModel, RobertaConfig, True),
        (RobertaForMaskedLM, RobertaConfig, False),
        (DistilBertForMaskedLM, DistilBertConfig, False),
    ],
)
def test_relatives_of_bert_load_as_transformers_loads_them(tmp_path, model_class, config_class, has_pooler):
    config = config_class(vocab_size=30522, hidden_size=48, num_hidden_layers=2, num_attention_heads=12)
    folder = save(model_class(config), tmp_path)
    ours, theirs = load_encoder(folder), AutoModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        torch.testing.assert_close(ours(IDS).last_hidden_state, theirs(IDS).last_hidden_state)
        assert (ours(IDS).get("pooler_output") is not None) == has_pooler
        assert load_classifier(folder, 2)(IDS).logits.shape == (1, 2)
        if model_class is RobertaModel:
            with pytest.raises(ValueError, match="a file without its head"):
                load_masked_lm(folder)
        else:
            assert load_masked_lm(folder)(IDS).logits.shape == (1, 5, 30522)


# Damage


@pytest.mark.parametrize(
    "cut",
    [
        lambda b: b"",
        lambda b: b[:4],
        lambda b: b[:-100],
        lambda b: b"\xff" * 8 + b[8:],  # the length of the header
        lambda b: b[:8] + b"garbled" + b[15:],
    ],
)
def test_cut_or_garbled_weights_are_refused(encoder_folder, cut):
    weights = encoder_folder / "model.safetensors"
    weights.write_bytes(cut(weights.read_bytes()))
    with pytest.raises(ValueError, match=r"\(model.safetensors\) must be complete safetensors; got.*again"):
        load_encoder(encoder_folder)


def test_missing_weights_are_refused(encoder_folder):
    (encoder_folder / "model.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match="must hold weights in model.safetensors; got none"):
        load_encoder(encoder_folder)


class Payload:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return type(self.target).touch, (self.target,)


def test_pickled_weights_are_neither_read_nor_run(encoder_folder, tmp_path):
    (encoder_folder / "model.safetensors").unlink()
    torch.save({"weights": Payload(tmp_path / "executed")}, encoder_folder / "pytorch_model.bin")
    with pytest.raises(FileNotFoundError, match="Pickled weights .* are not read"):
        load_encoder(encoder_folder)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    "changes, text",
    [
        ({"num_hidden_layers": 3}, r"the file lacks \S*encoder.layer.2\S+ and 15 more"),
        ({"num_hidden_layers": 1}, r"the config has no place for \S*encoder.layer.1\S+ and 15 more"),
        ({"hidden_size": 32}, "must have the shapes that its config.json"),
    ],
)
def test_weights_and_config_that_disagree_are_refused(encoder_folder, changes, text):
    change_config(encoder_folder, **changes)
    with pytest.raises(ValueError, match=text):
        load_encoder(encoder_folder)
    with pytest.raises(ValueError, match=text):
        load_classifier(encoder_folder, 2)


def test_a_missing_head_is_called_so():
    with pytest.raises(
        ValueError, match="must hold the weights of BertForMaskedLM; got a file without its head"
    ):
        load_masked_lm("minilm")
    with pytest.raises(ValueError, match="must hold the weights of BertForSequenceClassification"):
        load_classifier("minilm", None)


def test_a_missing_part_of_the_weights_is_refused(tmp_path):
    with quiet_transformers():
        BertModel(small_config()).save_pretrained(tmp_path, max_shard_size="500KB")
    first, last = sorted(tmp_path.glob("model-*.safetensors"))
    assert load_encoder(tmp_path) is not None
    last.unlink()
    with pytest.raises(FileNotFoundError, match="must hold weights"):
        load_encoder(tmp_path)


@pytest.mark.parametrize("kept", ["tokenizer.json", "vocab.txt"])
def test_either_form_of_the_tokenizer_will_do(tokenizer_folder, kept):
    (tokenizer_folder / {"tokenizer.json": "vocab.txt", "vocab.txt": "tokenizer.json"}[kept]).unlink()
    ours, text = load_tokenizer(tokenizer_folder), "Unaffable, naïve film"
    assert len(ours) == 30522
    assert ours(text).input_ids == load_tokenizer("minilm")(text).input_ids


@pytest.mark.parametrize("kept", [[], ["tokenizer_config.json"]])
def test_a_missing_tokenizer_is_refused(encoder_folder, kept):
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json"):
        if name not in kept:
            (encoder_folder / name).unlink(missing_ok=True)
    with pytest.raises(
        ValueError, match="must have the vocabulary of the model, 30522 tokens; got 5.*missing"
    ):
        load_tokenizer(encoder_folder)


def test_a_damaged_tokenizer_is_refused(encoder_folder):
    path = encoder_folder / "tokenizer.json"
    path.write_text(path.read_text()[:1000])
    with pytest.raises(ValueError, match="tokenizer files in .* must be readable; got .*Copy tokenizer.json"):
        load_tokenizer(encoder_folder)


@pytest.mark.parametrize("size", [30523, 28996, 1000])  # the second is the cased BERT's
def test_a_tokenizer_of_another_model_is_refused(encoder_folder, size):
    path = encoder_folder / "tokenizer.json"
    other = json.loads(path.read_text())
    vocab = [*other["model"]["vocab"], "a-new-word"][:size]
    other["model"]["vocab"] = {word: i for i, word in enumerate(vocab)}
    path.write_text(json.dumps(other))
    with pytest.raises(
        ValueError, match=f"30522 tokens; got {size}. Is tokenizer.json missing, or from another"
    ):
        load_tokenizer(encoder_folder)


def test_batches_are_padded_on_the_right(encoder_folder):
    path = encoder_folder / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"padding_side": "left"}))
    assert load_tokenizer(encoder_folder)(["a", "a b"], padding=True).attention_mask[0] == [1, 1, 1, 0]


def test_an_embedding_matrix_that_is_padded_is_fine(tmp_path):
    folder = save(BertModel(small_config(vocab_size=30528)), tmp_path)
    assert len(load_tokenizer(folder)) == 30522


@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        "{}",
        "[]",
        "null",
        "{ broken",
        '{"model_type": "no-such-model"}',
        '{"model_type": "bert", "vocab_size": "many"}',
    ],
)
def test_a_config_that_says_nothing_is_refused(encoder_folder, content):
    config = encoder_folder / "config.json"
    config.unlink() if content is None else config.write_text(content)
    for load in (load_encoder, load_tokenizer):
        with pytest.raises(ValueError, match="must hold a readable config.json"):
            load(encoder_folder)


def test_code_in_a_checkpoint_is_not_run(encoder_folder, tmp_path):
    code = f"import pathlib\npathlib.Path({str(tmp_path / 'executed')!r}).touch()\n"
    (encoder_folder / "evil.py").write_text(code + "class Config: pass\nclass Model: pass\n")
    change_config(
        encoder_folder, model_type="evil", auto_map={"AutoConfig": "evil.Config", "AutoModel": "evil.Model"}
    )
    with pytest.raises(
        ValueError, match="must hold a readable config.json of a model that transformers knows"
    ):
        load_encoder(encoder_folder)
    assert not (tmp_path / "executed").exists()


def test_a_head_of_another_size_is_replaced_by_a_new_one(tmp_path):
    saved = BertForSequenceClassification(small_config())
    folder = save(saved, tmp_path / "two")
    three, again, other = (load_classifier(folder, 3, seed=seed) for seed in (0, 0, 1))
    assert three.classifier.weight.shape == (3, saved.config.hidden_size)
    assert len(three.config.id2label) == 3
    assert torch.equal(three.classifier.weight, again.classifier.weight)
    assert not torch.equal(three.classifier.weight, other.classifier.weight)
    assert same_weights(three.bert, saved.bert)
    assert torch.equal(load_classifier(folder, 2).classifier.weight, saved.classifier.weight)


def test_a_head_for_other_tags_is_replaced_by_a_new_one(tmp_path):
    folder = save(BertForTokenClassification(small_config()), tmp_path / "two")
    assert load_tagger(folder, ["O", "B-X", "I-X"]).classifier.weight.shape[0] == 3
