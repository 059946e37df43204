"""Many texts through a frozen encoder: one row a text."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from accelerate import PartialState
from accelerate.utils import gather_object
from sklearn.base import BaseEstimator, TransformerMixin
from tqdm.auto import tqdm
from transformers import PreTrainedModel

from prevlib.checkpoints import Loaded, load_encoder, load_tokenizer
from prevlib.features.pooling import POOLINGS, pool
from prevlib.inference import best_device, check_texts, longest_input, pack_linear_layers, run_on_texts


def extract_features(
    texts: Sequence[str],
    checkpoint: str | Path | Loaded = "minilm",
    *,
    layer: int | Literal["all"] = -1,
    pooling: str = "mean",
    batch_size: int | None = None,
    max_length: int | None = None,
    dtype: Literal["float32", "bfloat16"] = "float32",
    out: str | Path | None = None,
    show_progress: bool = True,
) -> np.ndarray:
    """One feature vector a text, from a frozen encoder.

    A text gets the same vector (in float32 to about 1e-6) alone, in any batch and in any order.

    Started as several processes (``torchrun --nproc_per_node 2``), each process runs its share of the texts,
    and every one returns all rows in order.

    Args:
        texts: Strings. What exceeds ``max_length`` tokens is cut, with a warning.
        checkpoint: Alias, folder, hub name, or a loaded model, which is not changed.
        layer: Which hidden state to pool: 0 the embeddings, 1 the first layer, -1 the last; ``"all"``
            gives every one from a single pass.
        pooling: ``"mean"``, ``"max"``, ``"cls"`` (see ``pool``), or ``"pooler"``, the model's own
            ``pooler_output``, which exists for the last layer only.
        batch_size: Texts run at once; by default as many as hold about 2,048 tokens. The result does not
            depend on it.
        max_length: In tokens, special ones included; the model's maximum if None.
        dtype: What the model computes in. ``"bfloat16"`` is faster where the processor has it
            (``has_bf16``), and turns a vector a little: its cosine to the one in float32 is above 0.999.
        out: A new ``.npy`` file that holds the result instead of memory, for more rows than fit there;
            several processes must see the same file.
        show_progress: Show a bar.
    Returns:
        float32, shape (n_texts, hidden_size); with ``layer="all"`` (n_texts, n_layers + 1, hidden_size).
        With ``out`` it is mapped from the file, read only.
    Raises:
        TypeError: If ``texts`` is a single string or a table, or holds something else than strings.
        ValueError: If ``texts`` is empty, ``layer``, ``pooling`` or ``dtype`` does not exist in this model,
            or ``batch_size`` or ``max_length`` is too small.
        FileExistsError: If ``out`` exists.
    """
    texts = check_texts(texts)
    if pooling not in POOLINGS:
        raise ValueError(f"`pooling` must be one of {', '.join(POOLINGS)}; got {pooling!r}.")
    if dtype not in ("float32", "bfloat16"):
        raise ValueError(f'`dtype` must be "float32" or "bfloat16"; got {dtype!r}.')
    if out is not None and Path(out).exists():
        raise FileExistsError(f"`out` must be a new file; {out} exists. Remove it, or choose another name.")
    tokenizer, model = load_tokenizer(checkpoint), load_encoder(checkpoint).to(best_device())
    _check_layer(layer, pooling, model, checkpoint)
    longest, shortest = longest_input(tokenizer, model), tokenizer.num_special_tokens_to_add() + 1
    if max_length is not None and max_length < shortest:
        raise ValueError(
            f"`max_length` must be at least {shortest}, special tokens included; got {max_length}. "
            "Leave it out for the model's maximum."
        )
    max_length = longest if max_length is None else min(max_length, longest)
    states = range(model.config.num_hidden_layers + 1) if layer == "all" else [layer]
    model = _ready_to_run(model, dtype)
    processes = PartialState(cpu=not torch.accelerator.is_available())
    shares = np.linspace(0, len(texts), processes.num_processes + 1).astype(int)
    here = slice(*shares[processes.process_index :][:2])
    mine = texts[here]
    row = (len(states), model.config.hidden_size)
    if out is None:
        target = nullcontext(np.empty((len(mine), *row), dtype=np.float32))
    else:
        target = _new_file(Path(out), (len(texts), *row[layer != "all" :]), processes)
    run = run_on_texts(
        model, tokenizer, mine, max_length=max_length, batch_size=batch_size, output_hidden_states=True
    )
    with target as features, tqdm(total=len(mine), disable=not show_progress, unit="text") as bar:
        rows_here = features if out is None else features.reshape(-1, *row)[here]
        for rows, batch, outputs in run:
            for i, state in enumerate(states):
                if pooling == "pooler":
                    pooled = outputs.pooler_output
                else:
                    pooled = pool(outputs.hidden_states[state].float(), batch["attention_mask"], pooling)
                rows_here[rows, i] = pooled.float().cpu().numpy()
            bar.update(len(rows))
    if out is not None:
        return np.load(out, mmap_mode="r")
    if processes.num_processes > 1:
        features = np.concatenate(gather_object([features]))
    return features if layer == "all" else features[:, 0]


def _check_layer(
    layer: int | str, pooling: str, model: PreTrainedModel, checkpoint: str | Path | Loaded
) -> None:
    n_states = model.config.num_hidden_layers + 1
    if layer != "all" and layer not in range(-n_states, n_states):
        raise ValueError(
            f'`layer` must be "all" or from {-n_states} to {n_states - 1}, since {checkpoint} has '
            f"{n_states - 1} layers and 0 is the embeddings; got {layer!r}."
        )
    if pooling != "pooler":
        return
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


def _ready_to_run(model: PreTrainedModel, dtype: str) -> PreTrainedModel:
    if dtype == "bfloat16":
        model = model.to(torch.bfloat16)
        if model.device.type == "cpu":  # where plain attention is faster than the fused kernel in bfloat16
            model.set_attn_implementation("eager")
    return pack_linear_layers(model)


@contextmanager
def _new_file(path: Path, shape: tuple[int, ...], processes: PartialState) -> Iterator[np.memmap]:
    """A new array in a file, which gets its name when every process has filled in its rows."""
    partial = path.with_name(path.name + ".partial")
    if processes.is_main_process:
        np.lib.format.open_memmap(partial, mode="w+", dtype=np.float32, shape=shape)
    processes.wait_for_everyone()
    try:
        whole = np.lib.format.open_memmap(partial, mode="r+")
        yield whole
        whole.flush()
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    processes.wait_for_everyone()
    if processes.is_main_process:
        partial.rename(path)
    processes.wait_for_everyone()


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
        checkpoint: str | Path | Loaded = "minilm",
        *,
        layer: int = -1,
        pooling: str = "mean",
        batch_size: int | None = None,
        max_length: int | None = None,
        dtype: str = "float32",
    ):
        self.checkpoint = checkpoint
        self.layer = layer
        self.pooling = pooling
        self.batch_size = batch_size
        self.max_length = max_length
        self.dtype = dtype

    def fit(self, X: Sequence[str], y=None) -> "FeatureExtractor":
        """Check the texts; there is nothing to learn."""
        check_texts(X)
        return self

    def transform(self, X: Sequence[str]) -> np.ndarray:
        """Features of the texts, shape (n_texts, hidden_size)."""
        return extract_features(X, **self.get_params(), show_progress=False)

    def __sklearn_is_fitted__(self) -> bool:
        return True
