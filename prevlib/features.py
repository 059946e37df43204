"""Features: what a pre-trained encoder makes of a text.

An encoder returns one vector a token (``last_hidden_state``) and, if it has a pooler, one vector a text
(``pooler_output``). ``encode`` shows both for one text. ``extract_features`` turns many texts into a NumPy
matrix, one row a text, for any classifier of scikit-learn; it is the border between tensors and arrays.

Left out: training the encoder, which is ``finetuning``.
Used in notebooks 00 and 05. Sources: Devlin et al. 2019, section 5.3; Reimers & Gurevych 2019 (pooling).
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import torch
from sklearn.base import BaseEstimator, TransformerMixin
from torch import Tensor
from tqdm.auto import tqdm
from transformers import BatchEncoding, PreTrainedModel, PreTrainedTokenizerBase

from prevlib.checkpoints import load_encoder, load_tokenizer

POOLINGS = ("mean", "cls", "max", "pooler")
WINDOW = 1024  # texts that are tokenized and sorted by length at a time, so that memory stays flat


class Encoded(NamedTuple):
    """What the encoder returned for one text; the batch comes first."""

    tokens: list[str]  # with the special tokens that were added
    last_hidden_state: Tensor  # (1, sequence_length, hidden_size)
    pooler_output: Tensor | None  # (1, hidden_size); None if the checkpoint has no pooler


def encode(text: str, checkpoint: str | Path = "minilm") -> Encoded:
    """Tokens, ``last_hidden_state`` and ``pooler_output`` of one text.

    Args:
        text: Any length; what exceeds the model's maximum is cut, with a warning.
        checkpoint: Alias, folder or hub name, as for ``checkpoints.load_encoder``.
    Raises:
        TypeError: If ``text`` is not a string.
    Example:
        >>> encoded = encode("Here is some text to encode")
        >>> encoded.last_hidden_state.shape, encoded.pooler_output.shape
        (torch.Size([1, 9, 384]), torch.Size([1, 384]))
    """
    if not isinstance(text, str):
        raise TypeError(
            f"`text` must be a string; got {type(text).__name__}. For many texts use extract_features."
        )
    tokenizer, model = load_tokenizer(checkpoint), load_encoder(checkpoint)
    [(_, batch)] = length_sorted_batches([text], tokenizer, max_length=longest_input(tokenizer, model))
    with torch.inference_mode():
        outputs = model(**batch)
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
        return hidden_states.masked_fill(~is_real, 0).sum(dim=1) / is_real.sum(dim=1)
    if pooling == "max":
        return hidden_states.masked_fill(~is_real, -torch.inf).amax(dim=1)
    if pooling == "cls":
        first = attention_mask.long().argmax(dim=1)  # not 0 if the padding is on the left
        return hidden_states[torch.arange(len(hidden_states)), first]
    raise ValueError(f'`pooling` must be "mean", "max" or "cls"; got {pooling!r}.')


def extract_features(
    texts: Sequence[str],
    checkpoint: str | Path = "minilm",
    *,
    layer: int | Literal["all"] = -1,
    pooling: str = "mean",
    batch_size: int = 32,
    max_length: int | None = None,
    show_progress: bool = False,
) -> np.ndarray:
    """One feature vector a text, from a frozen encoder.

    A text gets the same vector (to about 1e-6) alone, in any batch and in any order.

    Args:
        texts: Strings. What exceeds ``max_length`` tokens is cut, with a warning.
        checkpoint: Alias, folder or hub name.
        layer: Which hidden state to pool: 0 the embeddings, 1 the first layer, -1 the last; ``"all"``
            gives every one from a single pass.
        pooling: ``"mean"``, ``"max"``, ``"cls"`` (see ``pool``), or ``"pooler"``, the model's own
            ``pooler_output``, which exists for the last layer only.
        batch_size: Texts run at once; the result does not depend on it.
        max_length: In tokens, special ones included; the model's maximum if None.
        show_progress: Show a bar.
    Returns:
        float32, shape (n_texts, hidden_size); with ``layer="all"`` (n_texts, n_layers + 1, hidden_size).
    Raises:
        TypeError: If ``texts`` is a single string or a table, or holds something else than strings.
        ValueError: If ``texts`` is empty, ``layer`` or ``pooling`` does not exist in this model, or
            ``batch_size`` or ``max_length`` is too small.
    """
    texts = check_texts(texts)
    if pooling not in POOLINGS:
        raise ValueError(f"`pooling` must be one of {', '.join(POOLINGS)}; got {pooling!r}.")
    tokenizer, model = load_tokenizer(checkpoint), load_encoder(checkpoint).to(best_device())
    n_states = model.config.num_hidden_layers + 1
    if layer != "all" and layer not in range(-n_states, n_states):
        raise ValueError(
            f'`layer` must be "all" or from {-n_states} to {n_states - 1}, since {checkpoint} has '
            f"{n_states - 1} layers and 0 is the embeddings; got {layer!r}."
        )
    if pooling == "pooler":
        if layer not in (-1, n_states - 1):
            raise ValueError(
                f'`layer` must be -1 with pooling="pooler", which reads the last layer; got {layer!r}. '
                'Use pooling="cls" for the first token of another layer.'
            )
        if getattr(model, "pooler", None) is None:
            raise ValueError(
                f'`pooling` must not be "pooler" for {checkpoint}, which has no pooler weights. '
                'Use pooling="mean".'
            )
    states = range(n_states) if layer == "all" else [layer]
    features = np.empty((len(texts), len(states), model.config.hidden_size), dtype=np.float32)
    longest, shortest = longest_input(tokenizer, model), tokenizer.num_special_tokens_to_add() + 1
    if max_length is not None and max_length < shortest:
        raise ValueError(
            f"`max_length` must be at least {shortest}, special tokens included; got {max_length}. "
            "Leave it out for the model's maximum."
        )
    max_length = longest if max_length is None else min(max_length, longest)
    batches = length_sorted_batches(texts, tokenizer, max_length=max_length, batch_size=batch_size)
    with tqdm(total=len(texts), disable=not show_progress, unit="text") as bar:
        for rows, batch in batches:
            with torch.inference_mode():
                outputs = model(**batch.to(model.device), output_hidden_states=True)
            for i, state in enumerate(states):
                if pooling == "pooler":
                    pooled = outputs.pooler_output
                else:
                    pooled = pool(outputs.hidden_states[state], batch["attention_mask"], pooling)
                features[rows, i] = pooled.cpu().numpy()
            bar.update(len(rows))
    return features if layer == "all" else features[:, 0]


class FeatureExtractor(TransformerMixin, BaseEstimator):
    """``extract_features`` as a scikit-learn transformer, for ``Pipeline`` and ``GridSearchCV``.

    Nothing is fitted: the encoder is frozen, so features of test texts cannot leak into training.

    Example:
        >>> from sklearn.linear_model import LogisticRegression
        >>> from sklearn.pipeline import make_pipeline
        >>> model = make_pipeline(FeatureExtractor(pooling="mean"), LogisticRegression())
        >>> model.fit(["a joy", "a bore", "lovely", "dull"], [1, 0, 1, 0]).predict(["joyful"])
        array([1])
    """

    def __init__(
        self,
        checkpoint: str | Path = "minilm",
        *,
        layer: int = -1,
        pooling: str = "mean",
        batch_size: int = 32,
        max_length: int | None = None,
    ):
        self.checkpoint = checkpoint
        self.layer = layer
        self.pooling = pooling
        self.batch_size = batch_size
        self.max_length = max_length

    def fit(self, X: Sequence[str], y=None) -> "FeatureExtractor":
        """Check the texts; there is nothing to learn."""
        check_texts(X)
        return self

    def transform(self, X: Sequence[str]) -> np.ndarray:
        """Features of the texts, shape (n_texts, hidden_size)."""
        return extract_features(X, **self.get_params())

    def __sklearn_is_fitted__(self) -> bool:
        return True


def check_texts(texts: Sequence[str]) -> Sequence[str]:
    """Return ``texts`` as a list, or raise if they are not a non-empty sequence of strings."""
    if isinstance(texts, str):
        raise TypeError(
            f"`texts` must be a sequence of strings; got the single string {texts[:40]!r}. Put it in a list."
        )
    if isinstance(texts, Mapping) or hasattr(texts, "columns"):  # a list of these holds the names of columns
        raise TypeError(
            f"`texts` must be a sequence of strings; got a {type(texts).__name__}. "
            'Pass one column, such as table["text"].'
        )
    texts = list(texts)
    if not texts:
        raise ValueError("`texts` must hold at least one text; got none.")
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(
                f"`texts` must hold strings; got {type(text).__name__} ({text!r}) at position {i}. "
                "Drop missing values, or convert with str."
            )
    return texts


def longest_input(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel) -> int:
    """The most tokens a text may have, special tokens included."""
    positions = model.config.max_position_embeddings
    for name, module in model.named_modules():
        # RoBERTa and its kin number the positions from behind the id of the padding token.
        if name.endswith("position_embeddings") and getattr(module, "padding_idx", None) is not None:
            positions -= module.padding_idx + 1
    return min(tokenizer.model_max_length, positions)


def length_sorted_batches(
    texts: Sequence[str],
    tokenizer: PreTrainedTokenizerBase,
    *,
    max_length: int,
    batch_size: int = 32,
) -> Iterator[tuple[list[int], BatchEncoding]]:
    """Yield (positions in ``texts``, padded batch), texts of similar length together.

    Sorting within a window of texts saves most of the padding; the positions put the results back in order.
    """
    if batch_size < 1:
        raise ValueError(f"`batch_size` must be at least 1; got {batch_size}.")
    n_cut = 0
    for start in range(0, len(texts), WINDOW):
        window = texts[start : start + WINDOW]
        encodings = tokenizer(window, truncation=True, max_length=max_length)
        lengths = [len(ids) for ids in encodings["input_ids"]]
        full = [text for text, length in zip(window, lengths, strict=True) if length == max_length]
        n_cut += _count_longer(full, tokenizer, max_length)
        order = sorted(range(len(window)), key=lengths.__getitem__)
        for i in range(0, len(order), batch_size):
            rows = order[i : i + batch_size]
            batch = {name: [values[row] for row in rows] for name, values in encodings.items()}
            yield [start + row for row in rows], tokenizer.pad(batch, return_tensors="pt")
    if n_cut:
        warnings.warn(
            f"{n_cut} of {len(texts)} texts had more than {max_length} tokens; the rest of each was cut.",
            stacklevel=3,
        )


def _count_longer(texts: list[str], tokenizer: PreTrainedTokenizerBase, max_length: int) -> int:
    whole = tokenizer(texts, verbose=False)["input_ids"] if texts else []
    return sum(len(ids) > max_length for ids in whole)


def best_device() -> torch.device:
    """The accelerator if there is one, else the CPU."""
    return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
