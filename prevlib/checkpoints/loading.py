"""Loaders: from the name of a checkpoint, or from a model in memory, to a transformers model of one kind.

They return the ordinary transformers classes, on the CPU, in float32 and in evaluation mode, always a new
model. What they add is doubt: transformers fills weights that a file lacks with random numbers and goes on,
and replaces a tokenizer that is missing by one that knows five tokens. Here each of these is an error,
because a score of a half-loaded model looks like any other score.

Only safetensors and JSON are read, never pickled weights and never code from a checkpoint.
Left out: training and saving, which ``training`` and ``finetuning`` do.
Used in every notebook.
"""

import copy
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from prevlib.arguments import check_count
from prevlib.checkpoints.loaded import Loaded, quiet_transformers
from prevlib.checkpoints.names import checkpoint_path, first_line
from prevlib.files import fingerprint, sha256_of


def load_config(name: str | Path | Loaded = "minilm", **changes) -> PreTrainedConfig:
    """What ``config.json`` says of a checkpoint, with transformers' defaults.

    Args:
        name: Alias, folder, hub name, or a loaded model.
        changes: Settings that differ.
    Returns:
        The settings of the architecture.
    Raises:
        FileNotFoundError: If the checkpoint does not exist.
        ValueError: If the file is missing, damaged, or of a model that transformers does not know.
    """
    if isinstance(name, Loaded):
        config = copy.deepcopy(name.model.config)
        config.update(changes)
        return config
    path = checkpoint_path(name)
    try:
        return AutoConfig.from_pretrained(path, trust_remote_code=False, **changes)
    except Exception as error:  # `null` ends in a TypeError, a wrong type in an error of huggingface_hub
        raise ValueError(
            f"{path} must hold a readable config.json of a model that transformers knows; got "
            f"{type(error).__name__}: {first_line(error)}. "
            "Is this the folder that save_pretrained wrote?"
        ) from error


def load_tokenizer(name: str | Path | Loaded = "minilm") -> PreTrainedTokenizerBase:
    """The tokenizer of a checkpoint; that of a loaded model is returned itself.

    Args:
        name: Alias, folder, hub name, or a loaded model.
    Returns:
        A tokenizer of transformers.
    Raises:
        FileNotFoundError: If the checkpoint does not exist.
        ValueError: If its tokenizer is missing, damaged, or made for another model.
    """
    if isinstance(name, Loaded):
        return name.tokenizer
    path = checkpoint_path(name)
    vocab_size = load_config(path).vocab_size
    with quiet_transformers():
        try:
            tokenizer = AutoTokenizer.from_pretrained(path, trust_remote_code=False)
        except Exception as error:  # the parsers below raise bare Exception, KeyError and others
            raise ValueError(
                f"The tokenizer files in {path} must be readable; got {type(error).__name__}: {error}. "
                "Copy tokenizer.json from the original checkpoint."
            ) from error
    # Padding the embedding matrix to a round number is usual, so a few words fewer are fine. Many fewer are
    # not: the cased vocabulary of BERT has 95 % of the size of the uncased one.
    if not 0.98 * vocab_size <= len(tokenizer) <= vocab_size:
        raise ValueError(
            f"The tokenizer in {path} must have the vocabulary of the model, {vocab_size} tokens; "
            f"got {len(tokenizer)}. Is tokenizer.json missing, or from another checkpoint?"
        )
    tokenizer.padding_side = "right"  # positions are counted from the left edge, padding included
    return tokenizer


def checkpoint_fingerprints(name: str | Path) -> dict[str, str]:
    """What tells a checkpoint from another one of the same name, for ``prevlib.files.bind``.

    Args:
        name: As for ``checkpoint_path``.
    Returns:
        Hashes of its ``weights``, its ``config`` and its ``vocabulary``.
    Raises:
        As ``load_tokenizer``.
    """
    path = checkpoint_path(name)
    return {
        "weights": sha256_of(sorted(path.glob("*.safetensors"))),
        "config": sha256_of([path / "config.json"]),
        "vocabulary": fingerprint(load_tokenizer(name).get_vocab()),
    }


def load_encoder(
    name: str | Path | Loaded = "minilm", *, random_init: bool = False, seed: int = 0
) -> PreTrainedModel:
    """The encoder without a head: tokens in, ``last_hidden_state`` and ``pooler_output`` out.

    Args:
        name: Alias, folder, hub name, or a loaded model, of which a copy is made.
        random_init: Build the same architecture with random weights: the untrained twin, which shows
            what pre-training contributed.
        seed: Seed of random weights.
    Returns:
        A transformers model. If the checkpoint has no weights for a pooler, it has none, and its
        ``pooler_output`` is None.
    Raises:
        FileNotFoundError: If the checkpoint or its weights do not exist.
        ValueError: If the weights are damaged or incomplete.
    """
    return _load(AutoModel, name, random_init, seed, new_head=False)


def load_masked_lm(name: str | Path | Loaded, *, random_init: bool = False, seed: int = 0) -> PreTrainedModel:
    """The encoder with the head that predicts masked tokens.

    Args:
        name, random_init, seed: As for ``load_encoder``.
    Returns:
        The model, in evaluation mode.
    Raises:
        As ``load_encoder``.
    """
    return _load(AutoModelForMaskedLM, name, random_init, seed, new_head=False)


def load_classifier(
    name: str | Path | Loaded, num_labels: int | None = None, *, random_init: bool = False, seed: int = 0
) -> PreTrainedModel:
    """The encoder with a linear head that classifies texts.

    Args:
        name: As for ``load_encoder``.
        num_labels: Number of classes. The head comes from the checkpoint if it has one of this size;
            otherwise it starts at random. None takes the saved head and raises if there is none.
        random_init: Random weights everywhere.
        seed: Seed of random weights.
    Returns:
        The model, in evaluation mode.
    Raises:
        As ``load_encoder``; ValueError also if ``num_labels`` is less than 1.
    """
    size = {} if num_labels is None else {"num_labels": check_count("num_labels", num_labels)}
    return _load(
        AutoModelForSequenceClassification, name, random_init, seed, new_head=num_labels is not None, **size
    )


def load_tagger(
    name: str | Path | Loaded,
    label_names: Sequence[str] | None = None,
    *,
    random_init: bool = False,
    seed: int = 0,
) -> PreTrainedModel:
    """The encoder with a linear head that labels every token.

    Args:
        name: As for ``load_encoder``.
        label_names: Names of the labels, in the order of their numbers. None takes the saved head and raises
            if there is none.
        random_init: Random weights everywhere.
        seed: Seed of random weights.
    Returns:
        The model, in evaluation mode.
    Raises:
        As ``load_encoder``; ValueError also if the names are not distinct, or are those of the saved head
        in another order.
    """
    if label_names is None:
        return _load(AutoModelForTokenClassification, name, random_init, seed, new_head=False)
    labels = {} if isinstance(label_names, str) else dict(enumerate(label_names))
    if len(set(labels.values())) < max(1, len(labels)):
        raise ValueError(
            '`label_names` must be a list of distinct names, such as ["O", "B-PER", "I-PER"]; '
            f"got {label_names!r}."
        )
    saved = load_config(name).id2label
    if set(saved.values()) == set(labels.values()) and saved != labels and not random_init:
        raise ValueError(
            f"`label_names` must be in the order of the head that {name} has, "
            f"{[saved[i] for i in sorted(saved)]}; got {list(labels.values())}."
        )
    maps = {"id2label": labels, "label2id": {label: i for i, label in labels.items()}}
    return _load(AutoModelForTokenClassification, name, random_init, seed, new_head=True, **maps)


def _load(auto_class, name, random_init, seed, *, new_head, **config_changes) -> PreTrainedModel:
    source = name if isinstance(name, Loaded) else checkpoint_path(name)
    config = load_config(source, **config_changes)
    # Random heads and random twins draw from the global generator: lend it, seeded, and put it back.
    with quiet_transformers(), torch.random.fork_rng():
        torch.manual_seed(seed)
        if random_init:
            return auto_class.from_config(config, dtype=torch.float32).eval()
        model, info = _weights(auto_class, source, config)
        if auto_class is AutoModel and _pooler_only(info["missing_keys"]):
            # Made by masked-language modelling alone: better no pooler than a random one.
            model, info = _weights(auto_class, source, config, add_pooling_layer=False)
    _check_complete(source, model, info, new_head)
    return model


def _weights(auto_class, source: Path | Loaded, config, **options) -> tuple[PreTrainedModel, dict]:
    """A new model with the weights of a folder or of a loaded model, and what did not fit."""
    options |= {"config": config, "dtype": torch.float32, "output_loading_info": True}
    options |= {"ignore_mismatched_sizes": True}  # ``_check_complete`` looks at them
    if isinstance(source, Loaded):
        with torch.device("meta"):
            model_class = type(auto_class.from_config(config))
        tensors = source.model.state_dict().items()
        copied = {name: tensor.detach().to("cpu", copy=True) for name, tensor in tensors}
        return model_class.from_pretrained(None, state_dict=copied, **options)
    try:
        return auto_class.from_pretrained(source, use_safetensors=True, trust_remote_code=False, **options)
    except SafetensorError as error:
        files = ", ".join(sorted(file.name for file in source.glob("*.safetensors")))
        raise ValueError(
            f"The weights in {source} ({files}) must be complete safetensors; got: {error}. "
            "The file is cut or damaged: copy or download it again."
        ) from error
    except OSError as error:
        raise FileNotFoundError(
            f"{source} must hold weights in model.safetensors; got none. "
            "Pickled weights (*.bin) are not read, because loading them can run code: convert them with "
            "save_pretrained."
        ) from error


def _check_complete(source: Path | Loaded, model: PreTrainedModel, info: dict, new_head: bool) -> None:
    """Raise unless the file had every weight of the model, and no weight of a deeper one."""
    prefix = model.base_model_prefix + "."
    backbone = {name for name, _ in model.base_model.named_children()} - {"pooler"}

    def in_backbone(key: str) -> bool:
        return key.removeprefix(prefix).split(".")[0] in backbone

    wrong = sorted(info["mismatched_keys"])
    if wrong := [(key, *shapes) for key, *shapes in wrong if in_backbone(key) or not new_head]:
        key, there, here = wrong[0]
        raise ValueError(
            f"The weights in {source} must have the shapes that its config.json implies; {key} has "
            f"{tuple(there)} there and {tuple(here)} here, and {len(wrong) - 1} more differ. Take both files "
            "from the same checkpoint."
        )
    missing = [k for k in sorted(info["missing_keys"]) if in_backbone(k) or not new_head]
    if missing and not any(map(in_backbone, missing)):
        raise ValueError(
            f"{source} must hold the weights of {type(model).__name__}; got a file without its head "
            f"({missing[0]} and {len(missing) - 1} more). Load it with load_encoder, or use a checkpoint "
            "that was saved with this head."
        )
    surplus = [k for k in sorted(info["unexpected_keys"]) if in_backbone(k)]
    for keys, problem in [(missing, "lacks"), (surplus, "has no place for")]:
        if keys:
            raise ValueError(
                f"The weights in {source} must match its config.json weight by weight; the "
                f"{'file' if keys is missing else 'config'} {problem} {keys[0]} and {len(keys) - 1} more. "
                "Take both files from the same checkpoint."
            )


def _pooler_only(missing_keys) -> bool:
    return bool(missing_keys) and all(key.split(".")[0] == "pooler" for key in missing_keys)
