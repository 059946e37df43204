"""Fine-tuning: from a pre-trained encoder to a classifier of your own labels.

A classifier is the encoder and one new linear layer. Three ways to train it are compared in this course:
*frozen* (only the new layer learns), *full* (all weights move), and *scratch* (the same architecture from
random weights, which shows what pre-training was worth).

Used in notebook 07. Left out: the loop itself (``training``), and taggers (``tagger.py``).
Sources: Devlin et al. 2019, section 4; Peters et al. 2019 (frozen or full).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from prevlib.arguments import check_count
from prevlib.checkpoints import load_classifier, load_tokenizer, quiet_transformers
from prevlib.features import best_device, check_texts, length_sorted_batches, longest_input
from prevlib.features.batches import count_cut, warn_of_cut
from prevlib.files import fingerprint
from prevlib.losses import cross_entropy
from prevlib.training import History, TrainConfig, fit


@dataclass(frozen=True)
class TextClassifier:
    """A fine-tuned model with its tokenizer, and how it got there."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    history: History

    def save(self, folder: str | Path) -> None:
        """Write model and tokenizer; every loader of the library takes the folder as a name."""
        with quiet_transformers():
            self.model.save_pretrained(folder)
            self.tokenizer.save_pretrained(folder)


def finetune_classifier(
    texts: Sequence[str],
    labels: Sequence[int],
    checkpoint: str | Path = "minilm",
    *,
    config: TrainConfig | None = None,
    num_labels: int | None = None,
    random_init: bool = False,
    frozen: bool = False,
    validation: tuple[Sequence[str], Sequence[int]] | None = None,
    checkpoint_dir: str | Path | None = None,
    show_progress: bool = True,
) -> TextClassifier:
    """Train a classifier of texts on top of an encoder.

    Args:
        texts: Training texts; what exceeds the model's maximum is cut, with a warning.
        labels: Their classes, 0 to num_labels - 1.
        checkpoint: Alias, folder or hub name.
        config: Settings of the loop; ``TrainConfig()`` if None. Its seed also draws the new head.
        num_labels: Number of classes; one more than the largest label if None.
        random_init: Start from random weights instead of the pre-trained ones.
        frozen: Train the head only.
        validation: Texts and labels whose accuracy is recorded after each epoch.
        checkpoint_dir: Where the training is kept after each epoch; if it was interrupted, it goes on there,
            with the same texts, labels, checkpoint and settings.
        show_progress: Show a bar.
    Returns:
        The classifier; ``predict_logits`` applies it.
    Raises:
        TypeError: If a text is not a string or a label not a whole number, also of ``validation``.
        ValueError: If there are no texts, the lengths differ, a label is out of range, or ``checkpoint_dir``
            holds another training.
    """
    texts = check_texts(texts)
    labels = _check_labels(labels, len(texts), num_labels)
    config = config or TrainConfig()
    num_labels = num_labels or max(2, int(labels.max()) + 1)
    if validation is not None:
        heldout = check_texts(validation[0])
        heldout_labels = _check_labels(validation[1], len(heldout), num_labels, "labels of `validation`")
    tokenizer = load_tokenizer(checkpoint)
    model = load_classifier(checkpoint, num_labels, random_init=random_init, seed=config.seed)
    if frozen:
        freeze_backbone(model)

    longest = longest_input(tokenizer, model)
    encodings = tokenizer(texts, truncation=True, max_length=longest)
    lengths = [len(ids) for ids in encodings["input_ids"]]
    warn_of_cut(count_cut(texts, lengths, tokenizer, longest), len(texts), longest)
    examples = [
        {name: values[i] for name, values in encodings.items()} | {"labels": labels[i]}
        for i in range(len(texts))
    ]

    def accuracy(model: PreTrainedModel) -> dict:
        predicted = _predict(model, tokenizer, heldout).argmax(axis=1)
        return {"validation_accuracy": float(np.mean(predicted == heldout_labels))}

    history = fit(
        model,
        examples,
        classification_loss,
        config,
        collate_fn=partial(tokenizer.pad, return_tensors="pt"),
        evaluate=None if validation is None else accuracy,
        checkpoint_dir=checkpoint_dir,
        made_from={
            "checkpoint": str(checkpoint),
            "texts": fingerprint(texts),
            "labels": fingerprint(labels.tolist()),
            "validation": fingerprint(validation),
        },
        show_progress=show_progress,
    )
    return TextClassifier(model, tokenizer, history)


def classification_loss(model: nn.Module, batch: dict) -> tuple[torch.Tensor, int]:
    """Summed cross-entropy of a batch, and the number of its texts."""
    inputs = {name: tensor for name, tensor in batch.items() if name != "labels"}
    logits = model(**inputs).logits.float()
    return cross_entropy(logits, batch["labels"], reduction="sum"), len(batch["labels"])


def freeze_backbone(model: PreTrainedModel) -> PreTrainedModel:
    """Stop the encoder from learning, in place, so that only the head is trained."""
    model.base_model.requires_grad_(False)
    return model


def predict_logits(
    classifier: TextClassifier | str | Path, texts: Sequence[str], *, batch_size: int = 32
) -> np.ndarray:
    """Unnormalised scores of every class.

    Args:
        classifier: What ``finetune_classifier`` returned, or the name or folder of a classifier.
        texts: Strings; what exceeds the model's maximum is cut, with a warning.
        batch_size: Texts run at once; the result does not depend on it.
    Returns:
        float32, shape (n_texts, num_labels). ``argmax(axis=1)`` gives the predicted classes.
    Raises:
        ValueError: If a named checkpoint has no trained classification head.
    """
    if isinstance(classifier, TextClassifier):
        return _predict(classifier.model, classifier.tokenizer, texts, batch_size)
    model = load_classifier(classifier, num_labels=None)
    return _predict(model, load_tokenizer(classifier), texts, batch_size)


def _predict(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    batch_size: int = 32,
) -> np.ndarray:
    texts = check_texts(texts)
    model = model.eval().to(best_device())
    logits = np.empty((len(texts), model.config.num_labels), dtype=np.float32)
    max_length = longest_input(tokenizer, model)
    for rows, batch in length_sorted_batches(texts, tokenizer, max_length=max_length, batch_size=batch_size):
        with torch.inference_mode():
            logits[rows] = model(**batch.to(model.device)).logits.float().cpu().numpy()
    return logits


def _check_labels(
    labels: Sequence[int], n_texts: int, num_labels: int | None, what: str = "`labels`"
) -> np.ndarray:
    num_labels = None if num_labels is None else check_count("num_labels", num_labels)
    labels = np.asarray(labels)
    if labels.shape != (n_texts,):
        raise ValueError(f"{what} must hold one label per text, shape ({n_texts},); got {labels.shape}.")
    if not np.issubdtype(labels.dtype, np.integer):
        raise TypeError(
            f"{what} must be whole numbers from 0; got {labels.dtype} such as {labels[0]!r}. "
            "Number the classes first."
        )
    largest = np.inf if num_labels is None else num_labels - 1
    if labels.min() < 0 or labels.max() > largest:
        raise ValueError(
            f"{what} must be from 0 to {largest}; got values from {labels.min()} to {labels.max()}. "
            "Number the classes from 0, or raise `num_labels`."
        )
    return labels.astype(np.int64)  # a smaller type has no room for IGNORE_INDEX
