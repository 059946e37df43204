"""Packed layers: the same numbers, in another layout."""

import torch

from prevlib.checkpoints import load_encoder, load_tokenizer
from prevlib.inference import pack_linear_layers

TEXTS = ["a", "a joy .", "naïve café 電影", "", "word " * 130]


def test_packed_layers_compute_the_same():
    tokenizer, model = load_tokenizer("minilm"), load_encoder("minilm")
    batch = tokenizer(TEXTS, padding=True, return_tensors="pt")
    with torch.inference_mode():
        packed = pack_linear_layers(load_encoder("minilm"))
        found, expected = (
            m(**batch).last_hidden_state[batch["attention_mask"] == 1] for m in (packed, model)
        )
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    n_packed = sum(type(module).__name__ == "PackedLinear" for module in packed.modules())
    assert n_packed in (0, 6 * 6 + 1)  # none where torch lacks the layout
