"""BERT, written out: embeddings, attention, layers, and the heads that it is pre-trained with.

A text enters as token ids and leaves as one vector per token. Each token starts as the sum of three learnt
vectors: which token it is, where it stands, and to which of two segments it belongs. Then every layer does
two things, and adds each to what was there (a *residual*): *attention* mixes in what other tokens hold, and
the *feed-forward* part recomputes each token by itself. A layer norm after each sum keeps numbers in range.

The released weights fit in by name, so ``Bert.from_checkpoint("minilm")`` computes what transformers does.
Left out: fused kernels, which make transformers faster; other activations and positions; decoders.
Used in notebook 04. Sources: Vaswani et al. 2017 (attention), Devlin et al. 2019 (BERT), Ba et al. 2016
(layer norm), Hendrycks & Gimpel 2016 (GELU), Press & Wolf 2017 (tied weights).
"""

import math
from pathlib import Path
from typing import NamedTuple, Self

import torch
from torch import Tensor, nn
from transformers import BertConfig

from prevlib.checkpoints import load_encoder, load_masked_lm

WRITTEN_HERE = {"model_type": "bert", "hidden_act": "gelu", "is_decoder": False}
# Parts of the names of weights in transformers, and ours; applied in this order.
RENAMED = {
    "encoder.layer.": "layers.",
    "attention.self.": "attention.",
    "attention.output.dense": "attention.output",
    "attention.output.LayerNorm": "attention_norm",
    "intermediate.dense": "intermediate",
    "output.dense": "output",
    "output.LayerNorm": "output_norm",
    "pooler.dense": "pooler",
    "transform.dense": "transform",
    "transform.LayerNorm": "norm",
    "LayerNorm": "norm",
}


class BertOutput(NamedTuple):
    """What the encoder returns; the names are those of transformers."""

    last_hidden_state: Tensor  # (batch_size, sequence_length, hidden_size)
    pooler_output: Tensor | None  # (batch_size, hidden_size)
    hidden_states: tuple[Tensor, ...]  # the embeddings, then the output of each layer
    attentions: tuple[Tensor, ...]  # of each layer, (batch_size, heads, sequence_length, sequence_length)


class HeadOutput(NamedTuple):
    """What a head returns."""

    logits: Tensor


class Embeddings(nn.Module):
    """The sum of three vectors per token, normalised: token, position, segment."""

    def __init__(self, config: BertConfig):
        super().__init__()
        self.word_embeddings = nn.Embedding(config.vocab_size, config.hidden_size, config.pad_token_id)
        self.position_embeddings = nn.Embedding(config.max_position_embeddings, config.hidden_size)
        self.token_type_embeddings = nn.Embedding(config.type_vocab_size, config.hidden_size)
        self.norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(self, input_ids: Tensor, token_type_ids: Tensor) -> Tensor:
        positions = torch.arange(input_ids.shape[1], device=input_ids.device)
        total = self.word_embeddings(input_ids) + self.position_embeddings(positions)
        return self.dropout(self.norm(total + self.token_type_embeddings(token_type_ids)))


class Attention(nn.Module):
    """Every token asks all tokens, and takes a mean of what they hold, in several heads at once.

    ``softmax(Q K^T / sqrt(d)) V``, with d numbers per head.
    """

    def __init__(self, config: BertConfig):
        super().__init__()
        self.n_heads = config.num_attention_heads
        self.query = nn.Linear(config.hidden_size, config.hidden_size)
        self.key = nn.Linear(config.hidden_size, config.hidden_size)
        self.value = nn.Linear(config.hidden_size, config.hidden_size)
        self.output = nn.Linear(config.hidden_size, config.hidden_size)
        self.dropout = nn.Dropout(config.attention_probs_dropout_prob)

    def forward(self, x: Tensor, attention_mask: Tensor | None) -> tuple[Tensor, Tensor]:
        query, key, value = (
            linear(x).unflatten(-1, (self.n_heads, -1)).transpose(1, 2)  # (batch, heads, seq, size of a head)
            for linear in (self.query, self.key, self.value)
        )
        weights = attention_weights(query, key, attention_mask)
        mixed = self.dropout(weights) @ value
        return self.output(mixed.transpose(1, 2).flatten(-2)), weights  # heads side by side again


class Layer(nn.Module):
    """Attention, then a feed-forward network for each token alone; added to its input each, and normed."""

    def __init__(self, config: BertConfig):
        super().__init__()
        self.attention = Attention(config)
        self.attention_norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.intermediate = nn.Linear(config.hidden_size, config.intermediate_size)
        self.output = nn.Linear(config.intermediate_size, config.hidden_size)
        self.output_norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(self, x: Tensor, attention_mask: Tensor | None) -> tuple[Tensor, Tensor]:
        mixed, weights = self.attention(x, attention_mask)
        x = self.attention_norm(x + self.dropout(mixed))
        x = self.output_norm(x + self.dropout(self.output(gelu(self.intermediate(x)))))
        return x, weights


class Bert(nn.Module):
    """The encoder. Without ``add_pooling_layer``, ``pooler_output`` is None."""

    def __init__(self, config: BertConfig, *, add_pooling_layer: bool = True):
        super().__init__()
        check_config(config)
        self.config = config
        self.embeddings = Embeddings(config)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_hidden_layers))
        self.pooler = nn.Linear(config.hidden_size, config.hidden_size) if add_pooling_layer else None
        initialize(self, config)

    @classmethod
    def from_checkpoint(cls, name: str | Path) -> Self:
        """The encoder of a checkpoint, in evaluation mode.

        Args:
            name: Alias, folder or hub name of a model with BERT's architecture.
        Raises:
            FileNotFoundError: If there is no such checkpoint.
            ValueError: If its weights are damaged, or its architecture is another one.
        """
        theirs = load_encoder(name)
        check_config(theirs.config)
        model = cls(theirs.config, add_pooling_layer=theirs.pooler is not None)
        model.load_state_dict(renamed(theirs.state_dict()))
        return model.eval()

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, token_type_ids: Tensor | None = None
    ) -> BertOutput:
        """Encode a batch of texts.

        Args:
            input_ids: Token ids, shape (batch_size, sequence_length).
            attention_mask: 1 at tokens, 0 at padding; None if there is no padding. Same shape.
            token_type_ids: The segment of each token, 0 or 1; None if all are 0. Same shape.
        """
        check_inputs(input_ids, self.config, attention_mask, token_type_ids)
        segments = torch.zeros_like(input_ids) if token_type_ids is None else token_type_ids
        hidden_states, attentions = [self.embeddings(input_ids, segments)], []
        for layer in self.layers:
            x, weights = layer(hidden_states[-1], attention_mask)
            hidden_states.append(x)
            attentions.append(weights)
        first = hidden_states[-1][:, 0]  # the vector of [CLS]
        pooled = None if self.pooler is None else torch.tanh(self.pooler(first))
        return BertOutput(hidden_states[-1], pooled, tuple(hidden_states), tuple(attentions))


class BertForMaskedLM(nn.Module):
    """The encoder with the head that predicts masked tokens; its last matrix is that of the embeddings."""

    def __init__(self, config: BertConfig):
        super().__init__()
        self.config = config
        self.bert = Bert(config, add_pooling_layer=False)
        self.transform = nn.Linear(config.hidden_size, config.hidden_size)
        self.norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))
        initialize(self.transform, config)

    @classmethod
    def from_checkpoint(cls, name: str | Path) -> Self:
        """The masked language model of a checkpoint, in evaluation mode; raises as ``Bert`` does."""
        theirs = load_masked_lm(name)
        check_config(theirs.config)
        model = cls(theirs.config)
        model.bert.load_state_dict(renamed(theirs.bert.state_dict()))
        head = renamed(theirs.cls.predictions.state_dict())
        own = {key: head[key] for key in model.state_dict() if not key.startswith("bert.")}
        model.load_state_dict(own, strict=False)
        return model.eval()

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, token_type_ids: Tensor | None = None
    ) -> HeadOutput:
        """Logits of every token of the vocabulary at every position, (batch, seq, vocab_size)."""
        hidden = self.bert(input_ids, attention_mask, token_type_ids).last_hidden_state
        hidden = self.norm(gelu(self.transform(hidden)))
        return HeadOutput(hidden @ self.bert.embeddings.word_embeddings.weight.T + self.bias)


class BertForNextSentencePrediction(nn.Module):
    """The encoder with BERT's second head: does the second segment follow the first in its document?"""

    def __init__(self, config: BertConfig):
        super().__init__()
        self.bert = Bert(config)
        self.seq_relationship = nn.Linear(config.hidden_size, 2)
        initialize(self.seq_relationship, config)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, token_type_ids: Tensor | None = None
    ) -> HeadOutput:
        """Logits of *follows* (0) and *is random* (1), shape (batch_size, 2)."""
        return HeadOutput(
            self.seq_relationship(self.bert(input_ids, attention_mask, token_type_ids).pooler_output)
        )


def attention_weights(query: Tensor, key: Tensor, attention_mask: Tensor | None = None) -> Tensor:
    """How much of each token every token takes: ``softmax(Q K^T / sqrt(d))``, padding left out.

    Args:
        query, key: Shape (..., sequence_length, d).
        attention_mask: 1 at tokens, 0 at padding, shape (batch_size, sequence_length).
    Returns:
        Weights, shape (..., sequence_length, sequence_length); each row adds up to 1.
    Example:
        >>> attention_weights(torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.zeros(2, 2)).tolist()
        [[0.5, 0.5], [0.5, 0.5]]

    Source: Vaswani et al. 2017, equation 1.
    """
    scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
    if attention_mask is not None:
        hidden = attention_mask[:, None, None, :] == 0  # the same for all heads and all queries
        scores = scores.masked_fill(hidden, torch.finfo(scores.dtype).min)
    return scores.softmax(dim=-1)


def gelu(x: Tensor) -> Tensor:
    """``x`` times the probability that a standard normal number is smaller; a smooth ReLU.

    Args:
        x: Any shape.
    Returns:
        The same shape.
    """
    return x * 0.5 * (1 + torch.erf(x / math.sqrt(2)))


def initialize(model: nn.Module, config: BertConfig) -> None:
    """BERT's random start, in place: normal weights around 0, biases 0, and 0 for the padding token.

    Args:
        model: Its parameters are changed.
        config: Its ``initializer_range`` is the standard deviation of the weights.
    """
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=config.initializer_range)
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)
        if getattr(module, "padding_idx", None) is not None:
            nn.init.zeros_(module.weight[module.padding_idx])


def check_config(config: BertConfig) -> None:
    """Raise unless the architecture is the one that is written here.

    Args:
        config: Of the checkpoint.
    Raises:
        ValueError: If it has, for example, another activation, or is a decoder.
    """
    differ = {
        name: getattr(config, name, None)
        for name, ours in WRITTEN_HERE.items()
        if getattr(config, name, ours) != ours
    }
    if differ:
        raise ValueError(
            f"`Bert` must get BERT's architecture, {WRITTEN_HERE}; got {differ}. "
            "Load this checkpoint with prevlib.checkpoints.load_encoder."
        )


def check_inputs(input_ids: Tensor, config: BertConfig, *others: Tensor | None) -> None:
    """Raise unless the shapes agree and the model has so many positions.

    Args:
        input_ids: Token ids, shape (batch_size, sequence_length).
        config: Of the model; its ``max_position_embeddings`` is the limit.
        others: Attention mask and token type ids, of the same shape, or None.
    Raises:
        ValueError: If a shape is another one, or the sequences are too long.
    """
    longest = config.max_position_embeddings
    if input_ids.ndim != 2 or input_ids.shape[1] > longest:
        raise ValueError(
            f"`input_ids` must have the shape (batch_size, sequence_length), with at most {longest} tokens; "
            f"got {tuple(input_ids.shape)}. Put a single text into a batch of one, and cut long texts."
        )
    for other in others:
        if other is not None and other.shape != input_ids.shape:
            raise ValueError(
                f"`attention_mask` and `token_type_ids` must have the shape of `input_ids`, "
                f"{tuple(input_ids.shape)}; got {tuple(other.shape)}."
            )


def renamed(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights of transformers' BERT under the names of this file.

    Args:
        weights: Name in transformers -> tensor.
    Returns:
        Name in this file -> the same tensor.
    """
    ours = {}
    for name, tensor in weights.items():
        for theirs, new in RENAMED.items():
            name = name.replace(theirs, new)
        ours[name] = tensor
    return ours
