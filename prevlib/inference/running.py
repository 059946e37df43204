"""A model of the wanted kind over texts: all predictions and features are made here."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor
from transformers import BatchEncoding, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import ModelOutput

from prevlib.checkpoints import Loaded, load_classifier, load_masked_lm, load_tagger, load_tokenizer
from prevlib.inference.batches import length_sorted_batches, longest_input
from prevlib.inference.device import best_device

HEADS = {load_masked_lm: "MaskedLM", load_classifier: "SequenceClassification"}
HEADS |= {load_tagger: "TokenClassification"}


def ready_to_run(
    checkpoint: str | Path | Loaded, load: Callable
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A model with the wanted head, in evaluation mode, on the accelerator if there is one; its tokenizer.

    Args:
        checkpoint: Alias, folder, hub name, or a loaded model. A loaded one that has the head is used itself.
        load: ``load_masked_lm``, ``load_classifier`` or ``load_tagger``.
    Raises:
        FileNotFoundError: If the checkpoint does not exist.
        ValueError: If it has no trained head of this kind or, for masked tokens, no mask token.
    """
    tokenizer = load_tokenizer(checkpoint)
    if load is load_masked_lm and tokenizer.mask_token_id is None:
        raise ValueError(
            f"`checkpoint` must have a mask token; got {str(checkpoint)!r} without one. "
            "Masked language models have one, models that read from left to right do not."
        )
    fits = isinstance(checkpoint, Loaded) and type(checkpoint.model).__name__.endswith(HEADS[load])
    model = checkpoint.model if fits else load(checkpoint)
    return model.eval().to(best_device()), tokenizer


@torch.inference_mode()
def run(model: PreTrainedModel, batch: Mapping[str, Tensor], **options) -> ModelOutput:
    """What the model returns for a batch, on its device and without gradients."""
    return model(**{name: tensor.to(model.device) for name, tensor in batch.items()}, **options)


def run_on_texts(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    *,
    max_length: int | None = None,
    batch_size: int | None = None,
    **options,
) -> Iterator[tuple[list[int], BatchEncoding, ModelOutput]]:
    """Yield (positions in ``texts``, batch, outputs); no result depends on the batch that it was made in.

    Args:
        model: In evaluation mode.
        tokenizer: Of the model.
        texts: Strings; what exceeds the longest input is cut, with a warning to the caller of the caller.
        max_length: In tokens, special ones included; the model's maximum if None.
        batch_size: As for ``length_sorted_batches``.
        options: For the model, such as ``output_hidden_states=True``.
    """
    max_length = max_length or longest_input(tokenizer, model)
    for rows, batch in length_sorted_batches(texts, tokenizer, max_length=max_length, batch_size=batch_size):
        batch = batch.to(model.device)
        yield rows, batch, run(model, batch, **options)
