"""One place for the small models of the tests: random weights, narrow layers, the real vocabulary."""

import torch
from transformers import BertModel

from prevlib.checkpoints import Loaded, load_tokenizer

SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}


def small_bert(model_class=BertModel, names=None, *, seed=1, **settings):
    """A model of this class, BERT or one of its kin, in evaluation mode; its labels have these names."""
    if names is not None:
        settings["id2label"] = dict(enumerate(names))
        settings["label2id"] = {name: number for number, name in enumerate(names)}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return model_class(model_class.config_class(**SIZES | settings)).eval()


def save_small_bert(folder, model_class=BertModel, names=None, *, tokenizer=None, **options):
    """The folder, in which the model now lies with a tokenizer, that of ``minilm`` by default."""
    tokenizer = tokenizer or load_tokenizer("minilm")
    options = {"vocab_size": len(tokenizer)} | options
    Loaded(small_bert(model_class, names, **options), tokenizer).save(folder)
    return folder
