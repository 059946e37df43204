"""What a masked language model says about one position of each row, without the work for all others.

For a pseudo-log-likelihood a model runs once for each token, and of each run one position is looked at. The
others are needed as context only: by the attention of the last layer, and by nothing behind it. So its
feed-forward part and the head, which is nearly half of a small model, see one position instead of thirty.

Used by ``language.py``. Left out: other architectures than BERT, which run as they are.
"""

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers import BertForMaskedLM, PreTrainedModel


@torch.inference_mode()
def logits_at(model: PreTrainedModel, input_ids: Tensor, lengths: Tensor, positions: Tensor) -> Tensor:
    """``model(input_ids, attention_mask).logits`` at one position of each row, up to rounding.

    Args:
        model: In evaluation mode.
        input_ids: Padded at the end, shape (batch_size, sequence_length).
        lengths: Real tokens of each row, shape (batch_size,).
        positions: Where to look, shape (batch_size,).
    Returns:
        Unnormalised scores, float32, shape (batch_size, vocab_size).
    """
    rows = torch.arange(len(input_ids), device=input_ids.device)
    is_real = torch.arange(input_ids.shape[1], device=input_ids.device) < lengths.unsqueeze(-1)
    if not isinstance(model, BertForMaskedLM):
        return model(input_ids=input_ids, attention_mask=is_real.long()).logits[rows, positions].float()

    *layers, last = model.bert.encoder.layer
    hidden = model.bert.embeddings(input_ids)
    mask = hidden.new_zeros(is_real.shape).masked_fill(~is_real, torch.finfo(hidden.dtype).min)
    mask = mask[:, None, None]  # the same for every head and every query
    for layer in layers:
        hidden = layer(hidden, mask)

    def by_head(vectors: Tensor) -> Tensor:
        return vectors.unflatten(-1, (model.config.num_attention_heads, -1)).transpose(1, 2)

    looked_at = hidden[rows, positions].unsqueeze(1)  # (batch_size, 1, hidden_size)
    attention = last.attention.self
    query, key, value = attention.query(looked_at), attention.key(hidden), attention.value(hidden)
    context = scaled_dot_product_attention(by_head(query), by_head(key), by_head(value), attn_mask=mask)
    looked_at = last.attention.output(context.transpose(1, 2).flatten(2), looked_at)
    looked_at = last.output(last.intermediate(looked_at), looked_at)
    return model.cls(looked_at.squeeze(1)).float()
