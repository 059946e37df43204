"""One text, and one vector from one vector per token: equal to transformers, whatever the padding holds."""

import pytest
import torch

from prevlib.features import encode, pool


def test_encode_equals_transformers(reference):
    tokenizer, model = reference
    encoded = encode("Here is some text to encode")
    input_ids = tokenizer.encode("Here is some text to encode", add_special_tokens=True)
    with torch.inference_mode():
        outputs = model(torch.tensor([input_ids]))
    assert encoded.tokens == ["[CLS]", "here", "is", "some", "text", "to", "en", "##code", "[SEP]"]
    assert encoded.last_hidden_state.shape == (1, 9, 384)  # the batch comes first
    assert encoded.pooler_output.shape == (1, 384)
    assert encoded.tokens == tokenizer.convert_ids_to_tokens(input_ids)
    torch.testing.assert_close(encoded.last_hidden_state, outputs.last_hidden_state, atol=1e-5, rtol=0)
    torch.testing.assert_close(encoded.pooler_output, outputs.pooler_output, atol=1e-5, rtol=0)
    assert not encoded.last_hidden_state.requires_grad


def test_encode_has_no_pooled_output_without_pooler_weights(no_pooler):
    encoded = encode("a joy", no_pooler)
    assert encoded.last_hidden_state.shape == (1, 4, 32)
    assert encoded.pooler_output is None


def test_encode_cuts_what_is_too_long_and_says_so():
    with pytest.warns(
        UserWarning, match="1 of 1 texts had more than 512 tokens; the rest of each was cut"
    ) as caught:
        assert encode("word " * 600).last_hidden_state.shape == (1, 512, 384)
    assert caught[0].filename == __file__  # the line of the caller, not one of the library


@pytest.mark.parametrize("text, kind", [(["a"], "list"), (None, "NoneType"), (b"a", "bytes")])
def test_encode_takes_one_text(text, kind):
    with pytest.raises(
        TypeError, match=f"`text` must be a string; got {kind}. For many texts use extract_features"
    ):
        encode(text)


def test_pooling_by_hand():
    states = torch.tensor([[[1.0, 0.0], [3.0, 2.0], [10.0, 10.0]], [[4.0, 4.0], [2.0, 6.0], [0.0, -1.0]]])
    mask = torch.tensor([[1, 1, 0], [0, 1, 1]])  # padding on the right, padding on the left
    assert pool(states, mask, "mean").tolist() == [[2, 1], [1, 2.5]]
    assert pool(states, mask, "max").tolist() == [[3, 2], [2, 6]]
    assert pool(states, mask, "cls").tolist() == [[1, 0], [2, 6]]


def test_padding_may_hold_anything():
    states = torch.tensor([[[1.0], [torch.nan], [torch.inf]]])
    for pooling in ("mean", "max", "cls"):
        assert pool(states, torch.tensor([[1, 0, 0]]), pooling).item() == 1


@pytest.mark.parametrize(
    "mask, pooling, text",
    [
        ([[1] * 3] * 2, "mean", r"`attention_mask` must have the shape.*\(1, 3\); got \(2, 3\)"),
        ([[1, 1]], "mean", r"`attention_mask` must have the shape.*\(1, 3\); got \(1, 2\)"),
        ([[0, 0, 0]], "mean", "must have a 1 in every row; got a row of zeros"),
        ([[1, 1, 1]], "pooler", "`pooling` must be .*; got 'pooler'"),
        ([[1, 1, 1]], "sum", "`pooling` must be .*; got 'sum'"),
    ],
)
def test_pooling_refuses_what_makes_no_sense(mask, pooling, text):
    with pytest.raises(ValueError, match=text):
        pool(torch.zeros(1, 3, 2), torch.tensor(mask), pooling)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_mean_does_not_overflow(dtype):
    states = torch.full((1, 512, 2), 300.0, dtype=dtype)  # the sum, 153,600, has no place in float16
    pooled = pool(states, torch.ones(1, 512, dtype=torch.long))
    assert pooled.dtype == dtype
    torch.testing.assert_close(pooled, torch.full((1, 2), 300.0, dtype=dtype))
