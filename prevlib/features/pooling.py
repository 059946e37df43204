"""One text through the encoder, and one vector a text from one vector a token."""

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from prevlib.arguments import check_unicode
from prevlib.checkpoints import Loaded, load_encoder, load_tokenizer
from prevlib.inference import run_on_texts

POOLINGS = ("mean", "cls", "max", "pooler")


class Encoded(NamedTuple):
    """What the encoder returned for one text; the batch comes first."""

    tokens: list[str]  # with the special tokens that were added
    last_hidden_state: Tensor  # (1, sequence_length, hidden_size)
    pooler_output: Tensor | None  # (1, hidden_size); None if the checkpoint has no pooler


def encode(text: str, checkpoint: str | Path | Loaded = "minilm") -> Encoded:
    """Tokens, ``last_hidden_state`` and ``pooler_output`` of one text.

    Args:
        text: Any length; what exceeds the model's maximum is cut, with a warning.
        checkpoint: Alias, folder, hub name, or a loaded model, as for ``checkpoints.load_encoder``.
    Returns:
        The tokens and the two tensors, in a batch of one.
    Raises:
        TypeError: If ``text`` is not a string.
        ValueError: If it is not valid Unicode.
    Example:
        >>> encoded = encode("Here is some text to encode")
        >>> encoded.last_hidden_state.shape, encoded.pooler_output.shape
        (torch.Size([1, 9, 384]), torch.Size([1, 384]))
    """
    if not isinstance(text, str):
        raise TypeError(
            f"`text` must be a string; got {type(text).__name__}. For many texts use extract_features."
        )
    check_unicode("`text`", text)
    tokenizer = load_tokenizer(checkpoint)
    [(_, batch, outputs)] = run_on_texts(load_encoder(checkpoint), tokenizer, [text])
    return Encoded(
        tokens=tokenizer.convert_ids_to_tokens(batch["input_ids"][0]),
        last_hidden_state=outputs.last_hidden_state,
        pooler_output=outputs.get("pooler_output"),
    )


def pool(hidden_states: Tensor, attention_mask: Tensor, pooling: str = "mean") -> Tensor:
    """One vector a text from one vector a token. Padding never counts.

    Args:
        hidden_states: Shape (batch_size, sequence_length, hidden_size).
        attention_mask: 1 for real tokens, 0 for padding, shape (batch_size, sequence_length).
        pooling: ``"mean"`` or ``"max"`` over the real tokens, special ones included, or ``"cls"``, the
            first token.
    Returns:
        Shape (batch_size, hidden_size).
    Raises:
        ValueError: If the shapes disagree, a text has no real token, or ``pooling`` is unknown.
    Example:
        >>> states = torch.tensor([[[1.0], [3.0], [99.0]]])  # the third token is padding
        >>> pool(states, torch.tensor([[1, 1, 0]])).item()
        2.0
    """
    if attention_mask.shape != hidden_states.shape[:2]:
        raise ValueError(
            "`attention_mask` must have the shape of `hidden_states` without its last axis, "
            f"{tuple(hidden_states.shape[:2])}; got {tuple(attention_mask.shape)}. "
            "Take both from the same batch."
        )
    if not attention_mask.any(dim=1).all():
        raise ValueError(
            "`attention_mask` must have a 1 in every row; got a row of zeros. Drop texts without tokens."
        )
    is_real = attention_mask.unsqueeze(-1).bool()  # (batch, seq, 1)
    if pooling == "mean":
        full = torch.promote_types(hidden_states.dtype, torch.float32)  # a sum in float16 overflows
        total = hidden_states.masked_fill(~is_real, 0).sum(dim=1, dtype=full)
        mean = total / is_real.sum(dim=1)
        return mean.to(hidden_states.dtype) if hidden_states.is_floating_point() else mean
    if pooling == "max":
        return hidden_states.masked_fill(~is_real, -torch.inf).amax(dim=1)
    if pooling == "cls":
        first = attention_mask.long().argmax(dim=1)  # not 0 if the padding is on the left
        return hidden_states[torch.arange(len(hidden_states)), first]
    raise ValueError(f'`pooling` must be "mean", "max" or "cls"; got {pooling!r}.')
