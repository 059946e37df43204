"""Fine-tuning: from a pre-trained encoder to a classifier of your own labels.

A classifier is the encoder and one new linear layer. Three ways to train it are compared in this course:
*frozen* (only the new layer learns), *full* (all weights move), and *scratch* (the same architecture from
random weights, which shows what pre-training was worth).

Used in notebook 07. Left out: the loop itself (``training``), and taggers (``tagger.py``).
Sources: Devlin et al. 2019, section 4; Peters et al. 2019 (frozen or full).
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedModel

from prevlib.arguments import check_count
from prevlib.checkpoints import Loaded, load_classifier, load_tokenizer
from prevlib.files import fingerprint
from prevlib.inference import (
    check_texts,
    encode_texts,
    longest_input,
    ready_to_run,
    run_on_texts,
    warn_of_cut,
)
from prevlib.losses import cross_entropy
from prevlib.training import TrainConfig, Trained, fit


def finetune_classifier(
    texts: Sequence[str],
    labels: Sequence[int],
    checkpoint: str | Path | Loaded = "minilm",
    *,
    config: TrainConfig | None = None,
    num_labels: int | None = None,
    random_init: bool = False,
    frozen: bool = False,
    validation: tuple[Sequence[str], Sequence[int]] | None = None,
    checkpoint_dir: str | Path | None = None,
    show_progress: bool = True,
) -> Trained:
    """Train a classifier of texts on top of an encoder.

    Args:
        texts: Training texts; what exceeds the model's maximum is cut, with a warning.
        labels: Their classes, 0 to num_labels - 1.
        checkpoint: Alias, folder, hub name, or a loaded model, of which a copy is trained.
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
    encodings, n_cut = encode_texts(texts, tokenizer, longest)
    warn_of_cut(n_cut, len(texts), longest)
    examples = [
        {name: values[i] for name, values in encodings.items()} | {"labels": labels[i]}
        for i in range(len(texts))
    ]

    def accuracy(model: PreTrainedModel) -> dict:
        predicted = predict_logits(Loaded(model, tokenizer), heldout).argmax(axis=1)
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
    return Trained(model, tokenizer, history)


def classification_loss(model: nn.Module, batch: dict) -> tuple[torch.Tensor, int]:
    """Summed cross-entropy of a batch, and the number of its texts.

    Args:
        model: A classifier.
        batch: Inputs, and ``labels``, shape (batch_size,).
    Returns:
        (sum in nats, number of texts), for ``fit``.
    """
    inputs = {name: tensor for name, tensor in batch.items() if name != "labels"}
    logits = model(**inputs).logits.float()
    return cross_entropy(logits, batch["labels"], reduction="sum"), len(batch["labels"])


def freeze_backbone(model: PreTrainedModel) -> PreTrainedModel:
    """Stop the encoder from learning, in place, so that only the head is trained.

    Args:
        model: With a head on an encoder.
    Returns:
        The same model.
    """
    model.base_model.requires_grad_(False)
    return model


def predict_logits(
    classifier: str | Path | Loaded, texts: Sequence[str], *, batch_size: int = 32
) -> np.ndarray:
    """Unnormalised scores of every class.

    Args:
        classifier: What ``finetune_classifier`` returned, or the name or folder of a classifier.
        texts: Strings; what exceeds the model's maximum is cut, with a warning.
        batch_size: Texts run at once; the result does not depend on it.
    Returns:
        float32, shape (n_texts, num_labels). ``argmax(axis=1)`` gives the predicted classes.
    Raises:
        ValueError: If the checkpoint has no trained classification head.
    """
    texts = check_texts(texts)
    model, tokenizer = ready_to_run(classifier, load_classifier)
    logits = np.empty((len(texts), model.config.num_labels), dtype=np.float32)
    for rows, _, outputs in run_on_texts(model, tokenizer, texts, batch_size=batch_size):
        logits[rows] = outputs.logits.float().cpu().numpy()
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
