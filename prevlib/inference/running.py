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
    checkpoint: str | Path | Loaded, *, load: Callable
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A model with the wanted head, in evaluation mode, on the accelerator if there is one; its tokenizer.

    Args:
        checkpoint: Alias, folder, hub name, or a loaded model. A loaded one that has the head is used itself.
        load: ``load_masked_lm``, ``load_classifier`` or ``load_tagger``.
    Returns:
        Model and tokenizer.
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
def run(
    model: PreTrainedModel,
    batch: Mapping[str, Tensor],
    *,
    output_hidden_states: bool = False,
    output_attentions: bool = False,
) -> ModelOutput:
    """Run a model on a batch, on the model's device and without gradients.

    Args:
        model: In evaluation mode.
        batch: Its inputs by name, each of shape (batch_size, sequence_length).
        output_hidden_states, output_attentions: Return those of every layer as well.
    Returns:
        The outputs of transformers, such as ``logits`` or ``last_hidden_state``.
    """
    inputs = {name: tensor.to(model.device) for name, tensor in batch.items()}
    if output_hidden_states:
        inputs["output_hidden_states"] = True
    if output_attentions:
        inputs["output_attentions"] = True
    return model(**inputs)


def run_on_texts(
    texts: Sequence[str],
    model: PreTrainedModel,
    *,
    tokenizer: PreTrainedTokenizerBase,
    max_length: int | None = None,
    batch_size: int | None = None,
    output_hidden_states: bool = False,
) -> Iterator[tuple[list[int], BatchEncoding, ModelOutput]]:
    """Yield (positions in ``texts``, batch, outputs); no result depends on the batch that it was made in.

    Args:
        texts: Strings; what exceeds the longest input is cut, with a warning to the caller of the caller.
        model: In evaluation mode.
        tokenizer: Of the model.
        max_length: In tokens, special ones included; the model's maximum if None.
        batch_size: As for ``length_sorted_batches``.
        output_hidden_states: Return those of every layer as well.
    Yields:
        For each batch the positions of its texts, its inputs, and the outputs of ``run``.
    """
    max_length = max_length or longest_input(tokenizer, model)
    for rows, batch in length_sorted_batches(texts, tokenizer, max_length=max_length, batch_size=batch_size):
        batch = batch.to(model.device)
        yield rows, batch, run(model, batch, output_hidden_states=output_hidden_states)
