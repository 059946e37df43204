"""The losses against values counted by hand, torch, transformers, and what must hold for any input."""

import ast
import doctest
import math
import random
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from small_models import small_bert
from torch.testing import assert_close
from transformers import BertForMaskedLM, BertForSequenceClassification

from prevlib.losses import (
    IGNORE_INDEX,
    at_labels,
    cross_entropy,
    cross_entropy_gradient,
    log_softmax,
    mlm_loss,
)
from prevlib.losses import dense as losses

LN2 = math.log(2)
REDUCTIONS = ("none", "mean", "sum")
HALVES = torch.tensor([[0.5, 0.25, 0.25], [0.5, 0.25, 0.25], [0.25, 0.25, 0.5]], dtype=torch.float64).log()


def random_case(seed, *shape, num_labels=5, ignored=0.0):
    """Logits of spread 3 and class ids, some of them IGNORE_INDEX."""
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(*shape, num_labels, dtype=torch.float64, generator=generator)
    labels = torch.randint(num_labels, shape, generator=generator)
    return logits, labels.masked_fill(torch.rand(shape, generator=generator) < ignored, IGNORE_INDEX)


def torch_loss(logits, labels, **options):
    """torch's loss on our layout: it wants the classes in axis 1 unless there is no batch."""
    if logits.ndim > 1:
        logits = logits.movedim(-1, 1)
        labels = labels.movedim(-1, 1) if labels.is_floating_point() else labels
    return F.cross_entropy(logits, labels, **options)


# Counted by hand: the logits are logarithms of one half and one quarter, so every loss is a multiple of ln 2.


def test_the_loss_is_minus_the_log_probability_of_the_label():
    labels = torch.tensor([0, 1, IGNORE_INDEX])
    assert_close(cross_entropy(HALVES, labels, reduction="none").tolist(), [LN2, 2 * LN2, 0.0])
    assert cross_entropy(HALVES, labels, reduction="sum").item() == pytest.approx(3 * LN2)
    assert cross_entropy(HALVES, labels).item() == pytest.approx(3 * LN2 / 2)  # not / 3: one is ignored


def test_a_weighted_mean_divides_by_the_weights_of_the_labels():
    loss = cross_entropy(HALVES, torch.tensor([0, 1, 1]), weight=torch.tensor([4.0, 1.0, 9.0]))
    assert loss.item() == pytest.approx((4 * 1 + 1 * 2 + 1 * 2) * LN2 / (4 + 1 + 1))


def test_smoothing_mixes_with_the_uniform_distribution_and_still_ignores():
    # q = (0.8, 0.1, 0.1) at the first position; -log p = (1, 2, 2) ln 2.
    loss = cross_entropy(HALVES, torch.tensor([0, -100, -100]), label_smoothing=0.3)
    assert loss.item() == pytest.approx((0.8 * 1 + 0.1 * 2 + 0.1 * 2) * LN2)


def test_class_probabilities_weigh_the_terms():
    probs = torch.tensor([[0.5, 0.5, 0.0]], dtype=torch.float64)
    assert cross_entropy(HALVES[:1], probs).item() == pytest.approx(1.5 * LN2)


def test_mlm_loss_divides_by_the_number_of_masked_positions():
    logits = HALVES.reshape(1, 3, 3)
    assert mlm_loss(logits, torch.tensor([[0, -100, 0]])).item() == pytest.approx((1 + 2) * LN2 / 2)
    assert mlm_loss(logits, torch.tensor([[7, 1, 7]]), ignore_index=7).item() == pytest.approx(2 * LN2)


def test_the_gradient_is_softmax_minus_one_hot_over_the_count():
    gradient = cross_entropy_gradient(HALVES, torch.tensor([0, -100, 2]))
    expected = [[-0.25, 0.125, 0.125], [0.0, 0.0, 0.0], [0.125, 0.125, -0.25]]
    assert_close(gradient, torch.tensor(expected, dtype=torch.float64))


def test_no_batch_is_the_same_convention():
    logits, label = HALVES[0], torch.tensor(1)
    for reduction in REDUCTIONS:
        loss = cross_entropy(logits, label, reduction=reduction)
        assert loss.shape == () and loss.item() == pytest.approx(2 * LN2)
    assert_close(cross_entropy_gradient(logits, label).tolist(), [0.5, -0.75, 0.25])


def test_losses_add_up_over_batches_of_any_size():
    """The mistake this prevents: the mean of the means of unequal batches, here 2.5 ln 2 / 2."""
    parts = [(HALVES[:1], torch.tensor([0])), (HALVES[1:], torch.tensor([1, 0]))]
    total = sum(cross_entropy(logits, labels, reduction="sum") for logits, labels in parts)
    assert (total / 3).item() == pytest.approx((1 + 2 + 2) * LN2 / 3)


def test_the_examples_in_the_docstrings_hold():
    results = doctest.testmod(losses)
    assert results.attempted >= 6 and results.failed == 0


# torch as the reference. Its own samples for this function, then the options that they leave out.


@pytest.fixture(scope="module")
def opinfo_samples():
    """torch's samples for cross_entropy, drawn ten times: (dtype, sample in our layout, torch's answer)."""
    from torch.testing._internal.common_methods_invocations import op_db  # 5 s, so only here

    [op] = [op for op in op_db if op.name == "nn.functional.cross_entropy"]
    collected, state_of_python = [], random.getstate()
    with torch.random.fork_rng():
        for dtype in (torch.float64, torch.float32):
            for seed in range(10):
                torch.manual_seed(seed)
                random.seed(seed)
                for sample in op.sample_inputs("cpu", dtype, requires_grad=False):
                    [labels] = sample.args
                    ours = labels.movedim(1, -1) if labels.is_floating_point() else labels
                    expected = op(sample.input, labels, **sample.kwargs)
                    collected.append((dtype, sample.input.movedim(1, -1), ours, sample.kwargs, expected))
    random.setstate(state_of_python)
    return collected


@pytest.mark.parametrize(
    ("dtype", "rtol", "atol"), [(torch.float64, 0, 1e-10), (torch.float32, 1.3e-6, 1e-5)]
)
def test_every_sample_of_torch_gives_the_value_of_torch(opinfo_samples, dtype, rtol, atol):
    samples = [sample for sample in opinfo_samples if sample[0] == dtype]
    assert len(samples) >= 10 * 20  # torch 2.13 has 21
    for _, logits, labels, kwargs, expected in samples:
        # Where nothing counts torch returns nan and we raise. torch draws no such sample; if it starts to,
        # this line says so, and no sample is left out in silence.
        assert expected.isfinite().all()
        assert_close(cross_entropy(logits, labels, **kwargs), expected, rtol=rtol, atol=atol)


def test_the_closed_form_gradient_is_the_gradient_of_torch_on_every_sample(opinfo_samples):
    n_compared = 0
    for dtype, logits, labels, kwargs, _ in opinfo_samples:
        options = {name: value for name, value in kwargs.items() if name != "reduction"}
        if dtype == torch.float64 and kwargs.get("reduction", "mean") == "mean":
            tracked = logits.detach().clone().requires_grad_()
            [expected] = torch.autograd.grad(torch_loss(tracked, labels, **options), tracked)
            assert_close(cross_entropy_gradient(logits, labels, **options), expected, rtol=0, atol=1e-10)
            n_compared += 1
    assert n_compared >= 10 * 12


@pytest.mark.parametrize("shape", [(), (6,), (4, 3), (2, 3, 2)])
@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.1, 1.0])
def test_all_options_together_agree_with_torch(shape, soft, weighted, label_smoothing):
    """torch's samples contain no smoothing, and no ignored label together with weights."""
    logits, labels = random_case(1, *shape, ignored=0.4 if shape else 0.0)
    if soft:
        labels = torch.softmax(random_case(2, *shape)[0], -1)
    weight = torch.tensor([0.5, 2.0, 1.0, 0.0, 3.0], dtype=torch.float64) if weighted else None
    options = {"weight": weight, "label_smoothing": label_smoothing}
    logits.requires_grad_()
    for reduction in REDUCTIONS:
        ours = cross_entropy(logits, labels, reduction=reduction, **options)
        theirs = torch_loss(logits, labels, reduction=reduction, **options)
        assert_close(ours, theirs, rtol=0, atol=1e-10)
        [our_gradient] = torch.autograd.grad(ours.sum(), logits)
        [their_gradient] = torch.autograd.grad(theirs.sum(), logits)
        assert_close(our_gradient, their_gradient, rtol=0, atol=1e-10)
        if reduction == "mean":
            assert_close(cross_entropy_gradient(logits, labels, **options), our_gradient, rtol=0, atol=1e-10)


def test_log_softmax_agrees_with_torch_along_any_axis():
    logits = random_case(3, 2, 4)[0]
    for dim in (0, 1, -1):
        assert_close(log_softmax(logits, dim), torch.log_softmax(logits, dim), rtol=0, atol=1e-12)


# transformers as the reference.


SHORT = {"vocab_size": 100, "max_position_embeddings": 16, "seed": 0}


def test_mlm_loss_is_the_loss_of_transformers():
    model = small_bert(BertForMaskedLM, initializer_range=0.5, **SHORT)
    _, labels = random_case(4, 4, 12, num_labels=100, ignored=0.8)
    outputs = model(input_ids=random_case(5, 4, 12, num_labels=100)[1], labels=labels)
    ours = mlm_loss(outputs.logits, labels)
    assert_close(ours, outputs.loss)
    weight = model.bert.embeddings.word_embeddings.weight
    [our_gradient] = torch.autograd.grad(ours, weight, retain_graph=True)
    [their_gradient] = torch.autograd.grad(outputs.loss, weight)
    assert_close(our_gradient, their_gradient)


def test_cross_entropy_is_the_loss_of_transformers():
    model = small_bert(BertForSequenceClassification, num_labels=3, **SHORT)
    labels = torch.tensor([0, 2, 1, 2])
    with torch.inference_mode():
        outputs = model(input_ids=random_case(6, 4, 12, num_labels=100)[1], labels=labels)
    assert_close(cross_entropy(outputs.logits, labels), outputs.loss)


# Extreme values.


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_logits_times_1000_stay_finite_and_exact(dtype):
    logits, labels = random_case(7, 50, ignored=0.2)
    logits = (1000 * logits).to(dtype)
    for label_smoothing in (0.0, 0.1):
        ours = cross_entropy(logits, labels, label_smoothing=label_smoothing)
        assert ours.isfinite()
        assert_close(ours, torch_loss(logits, labels, label_smoothing=label_smoothing))
        assert cross_entropy_gradient(logits, labels, label_smoothing=label_smoothing).isfinite().all()


@pytest.mark.parametrize("largest", [torch.finfo(torch.float64).max, 1e300, -1e300])
def test_equal_logits_cost_the_log_of_the_number_of_classes_at_any_size(largest):
    logits = torch.full((2, 8), largest, dtype=torch.float64)
    assert cross_entropy(logits, torch.tensor([0, 7])).item() == pytest.approx(math.log(8))


def test_a_class_ruled_out_costs_nothing_unless_the_target_wants_it():
    logits = torch.tensor([[0.0, 0.0, -torch.inf]], dtype=torch.float64, requires_grad=True)
    loss = cross_entropy(logits, torch.tensor([0]))
    [gradient] = torch.autograd.grad(loss, logits)
    assert loss.item() == pytest.approx(LN2)
    assert gradient.tolist() == [[-0.5, 0.5, 0.0]]
    # torch returns nan here, from 0 times infinity.
    probs = torch.tensor([[0.5, 0.5, 0.0]], dtype=torch.float64)
    soft_loss = cross_entropy(logits, probs)
    assert soft_loss.item() == pytest.approx(LN2)
    assert torch.autograd.grad(soft_loss, logits)[0].tolist() == [[0.0, 0.0, 0.0]]
    assert cross_entropy(logits, torch.tensor([2])).item() == math.inf
    assert cross_entropy(logits, torch.tensor([0]), label_smoothing=0.1).item() == math.inf


def test_what_stands_at_an_ignored_position_does_not_matter():
    logits, labels = random_case(8, 6)
    expected = cross_entropy(logits[1:], labels[1:])
    labels[0] = IGNORE_INDEX
    logits[0] = torch.nan
    logits.requires_grad_()
    loss = cross_entropy(logits, labels)
    loss.backward()
    assert loss.item() == pytest.approx(expected.item())
    assert logits.grad[0].tolist() == [0.0] * 5 and logits.grad.isfinite().all()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_logits_give_the_loss_of_the_same_logits_in_float32(dtype):
    logits, labels = random_case(9, 1000)
    logits = logits.to(dtype).requires_grad_()
    for reduction in REDUCTIONS:
        loss = cross_entropy(logits, labels, reduction=reduction)
        assert loss.dtype == torch.float32
        assert_close(loss, torch_loss(logits.float(), labels, reduction=reduction))
    [gradient] = torch.autograd.grad(cross_entropy(logits, labels), logits)
    assert gradient.dtype == dtype
    assert_close(cross_entropy_gradient(logits, labels), gradient)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("other", [torch.float16, torch.float32, torch.float64])
def test_the_dtype_of_the_logits_is_kept(dtype, other):
    logits, labels = random_case(10, 4)
    logits, weight = logits.to(dtype), torch.tensor([1, 2, 1, 2, 1], dtype=other)
    for targets in (labels, F.one_hot(labels, 5).to(other)):
        assert cross_entropy(logits, targets, weight=weight).dtype == dtype
        assert cross_entropy(logits, targets, weight=weight, label_smoothing=0.1).dtype == dtype
        assert cross_entropy_gradient(logits, targets, weight=weight).dtype == dtype
    assert log_softmax(logits).dtype == dtype


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8, torch.int16, torch.int32])
def test_labels_of_any_integer_type_mean_the_same(dtype):
    logits, labels = random_case(11, 4)
    for label_smoothing in (0.0, 0.1):
        expected = cross_entropy(logits, labels, label_smoothing=label_smoothing)
        assert cross_entropy(logits, labels.to(dtype), label_smoothing=label_smoothing) == expected
    # 156 and -100 are the same eight bits.
    loss = cross_entropy(torch.zeros(2, 200), torch.tensor([156, 3], dtype=torch.uint8), reduction="none")
    assert loss.tolist() == pytest.approx([math.log(200)] * 2)


def test_with_everything_ignored_the_sum_is_zero_and_differentiable():
    logits = torch.zeros(3, 4, requires_grad=True)
    labels = torch.full((3,), IGNORE_INDEX)
    assert cross_entropy(logits, labels, reduction="none").tolist() == [0.0, 0.0, 0.0]
    total = cross_entropy(logits, labels, reduction="sum")
    total.backward()
    assert total.item() == 0 and not logits.grad.any()
    assert cross_entropy(torch.zeros(0, 4), torch.zeros(0, dtype=torch.long), reduction="sum").item() == 0


# Derivatives.


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.2])
def test_first_and_second_derivatives(reduction, soft, label_smoothing):
    logits, labels = random_case(12, 2, 3, num_labels=4, ignored=0.3)
    inputs = [
        logits.requires_grad_(),
        torch.tensor([0.5, 2.0, 1.0, 3.0], dtype=torch.float64).requires_grad_(),
    ]
    if soft:
        inputs.append(torch.softmax(random_case(13, 2, 3, num_labels=4)[0], -1).requires_grad_())

    def loss(logits, weight, labels=labels):
        options = {"reduction": reduction, "label_smoothing": label_smoothing}
        return cross_entropy(logits, labels, weight=weight, **options)

    assert torch.autograd.gradcheck(loss, inputs)
    assert torch.autograd.gradgradcheck(loss, inputs)


# What must hold for any input.

fast = settings(max_examples=60, deadline=None, database=None)
seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 8)
shares = st.floats(0, 1)


@fast
@given(seeds, sizes, sizes, st.floats(-1e6, 1e6))
def test_a_constant_added_to_the_logits_changes_nothing(seed, n, num_labels, shift):
    logits, labels = random_case(seed, n, num_labels=num_labels)
    assert_close(cross_entropy(logits + shift, labels), cross_entropy(logits, labels), rtol=0, atol=1e-8)


@fast
@given(seeds, sizes, sizes, shares)
def test_the_order_of_classes_and_of_positions_changes_nothing(seed, n, num_labels, label_smoothing):
    logits, labels = random_case(seed, n, num_labels=num_labels)
    weight = torch.linspace(1, 2, num_labels, dtype=torch.float64)
    generator = torch.Generator().manual_seed(seed)
    classes, rows = torch.randperm(num_labels, generator=generator), torch.randperm(n, generator=generator)
    renamed = torch.argsort(classes)[labels]  # class c now stands at position argsort(classes)[c]
    expected = cross_entropy(logits, labels, weight=weight, label_smoothing=label_smoothing)
    permuted = cross_entropy(
        logits[rows][:, classes], renamed[rows], weight=weight[classes], label_smoothing=label_smoothing
    )
    assert_close(permuted, expected, rtol=1e-10, atol=1e-10)


@fast
@given(seeds, st.lists(sizes, min_size=1, max_size=5), shares)
def test_the_total_of_the_parts_is_the_total_of_the_whole(seed, lengths, label_smoothing):
    logits, labels = random_case(seed, sum(lengths), ignored=0.3)
    options = {"reduction": "sum", "label_smoothing": label_smoothing}
    pairs = zip(logits.split(lengths), labels.split(lengths), strict=True)
    total = sum(cross_entropy(*pair, **options) for pair in pairs)
    assert_close(total, cross_entropy(logits, labels, **options), rtol=1e-10, atol=1e-10)


@fast
@given(seeds, sizes, sizes, shares, st.booleans())
def test_ignored_positions_change_nothing(seed, n, n_ignored, label_smoothing, weighted):
    logits, labels = random_case(seed, n + n_ignored)
    labels[n:] = IGNORE_INDEX
    weight = torch.arange(1.0, 6.0, dtype=torch.float64) if weighted else None
    options = {"weight": weight, "label_smoothing": label_smoothing}
    for reduction in ("mean", "sum"):
        padded = cross_entropy(logits, labels, reduction=reduction, **options)
        assert_close(padded, cross_entropy(logits[:n], labels[:n], reduction=reduction, **options))
    assert not cross_entropy(logits, labels, reduction="none", **options)[n:].any()
    assert not cross_entropy_gradient(logits, labels, **options)[n:].any()


@fast
@given(seeds, sizes, st.floats(1e-3, 1e3), shares)
def test_the_scale_of_the_weights_does_not_change_the_mean(seed, n, scale, label_smoothing):
    logits, labels = random_case(seed, n)
    weight = torch.linspace(0.5, 2, 5, dtype=torch.float64)
    scaled, plain = (
        cross_entropy(logits, labels, weight=w, label_smoothing=label_smoothing)
        for w in (scale * weight, weight)
    )
    assert_close(scaled, plain, rtol=1e-10, atol=1e-10)


@fast
@given(seeds, sizes, st.integers(1, 50), shares)
def test_uniform_logits_cost_ln_v_whatever_the_label(seed, n, num_labels, label_smoothing):
    _, labels = random_case(seed, n, num_labels=num_labels)
    logits = torch.zeros(n, num_labels, dtype=torch.float64)
    loss = cross_entropy(logits, labels, label_smoothing=label_smoothing)
    assert loss.item() == pytest.approx(math.log(num_labels), abs=1e-12)


@fast
@given(seeds, sizes, shares)
def test_the_loss_is_at_least_the_entropy_of_its_targets(seed, n, label_smoothing):
    """So it is never negative, and smoothing keeps it from reaching 0."""
    logits, labels = random_case(seed, n)
    q = (1 - label_smoothing) * F.one_hot(labels, 5) + label_smoothing / 5
    entropy = -torch.special.xlogy(q, q).sum(-1)
    each = cross_entropy(logits, labels, label_smoothing=label_smoothing, reduction="none")
    assert (each >= entropy - 1e-6).all()


@fast
@given(seeds, sizes, shares, shares)
def test_more_smoothing_costs_more_where_the_model_is_right(seed, n, one, other):
    logits, _ = random_case(seed, n)
    less, more = (
        cross_entropy(logits, logits.argmax(-1), label_smoothing=share) for share in sorted([one, other])
    )
    assert less <= more + 1e-12


@fast
@given(seeds, sizes)
def test_class_ids_are_one_hot_probabilities(seed, n):
    logits, labels = random_case(seed, n)
    assert_close(cross_entropy(logits, F.one_hot(labels, 5).double()), cross_entropy(logits, labels))
    # And smoothing is a special case of probabilities.
    smooth = 0.8 * F.one_hot(labels, 5).double() + 0.2 / 5
    assert_close(cross_entropy(logits, smooth), cross_entropy(logits, labels, label_smoothing=0.2))


@fast
@given(seeds, sizes)
def test_the_gradient_of_a_position_sums_to_zero_and_never_exceeds_its_share(seed, n):
    logits, labels = random_case(seed, n)
    gradient = cross_entropy_gradient(100 * logits, labels)
    assert_close(gradient.sum(-1), torch.zeros(n, dtype=torch.float64), rtol=0, atol=1e-12)
    assert (gradient.abs() <= 1 / n).all()


# Errors, by their text.

FLOAT_LOGITS = torch.zeros(2, 8, 5)
IDS = torch.zeros(2, 8, dtype=torch.long)
ERRORS = [
    (
        lambda: cross_entropy(FLOAT_LOGITS, IDS[:, 1:]),
        ValueError,
        "`labels` must have the shape of `logits` without its last axis, (2, 8); got (2, 7). "
        "Did you drop [CLS] from only one of them?",
    ),
    (
        lambda: mlm_loss(FLOAT_LOGITS, IDS[:, 1:]),
        ValueError,
        "`labels` must have the shape of `logits` without its last axis, (2, 8); got (2, 7). "
        "Did you drop [CLS] from only one of them?",
    ),
    (
        lambda: cross_entropy(FLOAT_LOGITS.movedim(-1, 1), IDS),
        ValueError,
        "`labels` must have the shape of `logits` without its last axis, (2, 5); got (2, 8). "
        "Are the classes in axis 1? Then pass logits.movedim(1, -1).",
    ),
    (
        lambda: cross_entropy(torch.zeros(2, 5), torch.eye(5, dtype=torch.long)[:2]),
        ValueError,
        "`labels` must have the shape of `logits` without its last axis, (2,); got (2, 5). "
        "Use .float() if they are one-hot.",
    ),
    (
        lambda: cross_entropy(FLOAT_LOGITS, IDS + 5),
        ValueError,
        "`labels` must be class ids from 0 to 4, or ignore_index (-100); got 5. "
        "The classes are the last axis of `logits`, shape (2, 8, 5).",
    ),
    (
        lambda: cross_entropy_gradient(FLOAT_LOGITS, IDS - 1, ignore_index=0),
        ValueError,
        "`labels` must be class ids from 0 to 4, or ignore_index (0); got -1. "
        "The classes are the last axis of `logits`, shape (2, 8, 5).",
    ),
    (
        lambda: cross_entropy(FLOAT_LOGITS, IDS.double()),
        TypeError,
        "`labels` must be integers, or probabilities of the shape of `logits`, (2, 8, 5); got torch.float64 "
        "of shape (2, 8). Use .long() if they are class ids.",
    ),
    (
        lambda: cross_entropy(FLOAT_LOGITS, IDS.bool()),
        TypeError,
        "`labels` must be a tensor of class ids or of probabilities; got torch.bool. "
        "Use torch.tensor(...) for a list, .long() for two classes, True and False.",
    ),
    (
        lambda: cross_entropy(torch.zeros(2, 5), [0, 1]),
        TypeError,
        "`labels` must be a tensor of class ids or of probabilities; got list. "
        "Use torch.tensor(...) for a list, .long() for two classes, True and False.",
    ),
    (
        lambda: cross_entropy(IDS, FLOAT_LOGITS),
        TypeError,
        "`logits` must be a floating-point tensor of scores; got torch.int64. "
        "Pass the `logits` of the model's output, not the output itself, ids or predictions.",
    ),
    (
        lambda: log_softmax([0.0, 1.0]),
        TypeError,
        "`logits` must be a floating-point tensor of scores; got list. "
        "Pass the `logits` of the model's output, not the output itself, ids or predictions.",
    ),
    (
        lambda: cross_entropy(torch.zeros(2, 0), IDS[:, 0]),
        ValueError,
        "`logits` must have classes in its last axis; got shape (2, 0). Use (..., num_labels).",
    ),
    (
        lambda: cross_entropy(torch.tensor(0.0), torch.tensor(0)),
        ValueError,
        "`logits` must have classes in its last axis; got shape (). Use (..., num_labels).",
    ),
    (
        lambda: cross_entropy(FLOAT_LOGITS, IDS, weight=torch.ones(8)),
        ValueError,
        "`weight` must have one entry for each class, shape (5,); got (8,). "
        "It weighs classes, not positions.",
    ),
    (
        lambda: cross_entropy(FLOAT_LOGITS, IDS, reduction="average"),
        ValueError,
        '`reduction` must be "none", "mean" or "sum"; got \'average\'. '
        'Use "sum" to divide later, over several batches.',
    ),
    *[
        (
            lambda value=value: cross_entropy(FLOAT_LOGITS, IDS, label_smoothing=value),
            ValueError,
            f"`label_smoothing` must be in [0, 1]; got {value}. "
            "It is the share of the uniform distribution in the targets; 0.1 is common.",
        )
        for value in (-0.1, 1.1, math.nan)
    ],
    *[
        (
            lambda function=function: function(FLOAT_LOGITS, IDS, ignore_index=0),
            ValueError,
            '`labels` must leave something to average when `reduction` is "mean"; got 16 positions, '
            "16 of them ignored, total weight 0. "
            'Add up several batches with reduction="sum", then divide once.',
        )
        for function in (cross_entropy, cross_entropy_gradient)
    ],
    (
        lambda: cross_entropy(FLOAT_LOGITS, IDS, weight=torch.tensor([0.0, 1, 1, 1, 1])),
        ValueError,
        '`labels` must leave something to average when `reduction` is "mean"; got 16 positions, '
        "0 of them ignored, total weight 0. "
        'Add up several batches with reduction="sum", then divide once.',
    ),
    (
        lambda: cross_entropy(torch.zeros(0, 5), IDS[:0, 0]),
        ValueError,
        '`labels` must leave something to average when `reduction` is "mean"; got 0 positions, '
        "0 of them ignored, total weight 0. "
        'Add up several batches with reduction="sum", then divide once.',
    ),
    (
        lambda: mlm_loss(FLOAT_LOGITS, torch.full((2, 8), -100)),
        ValueError,
        "`labels` must hold the true id of a masked token somewhere; got 16 times ignore_index (-100): "
        "no position is masked. Mask more tokens, or skip this batch.",
    ),
]


@pytest.mark.parametrize(("call", "kind", "text"), ERRORS)
def test_errors_name_the_rule_the_value_and_the_remedy(call, kind, text):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == text


def test_every_error_of_the_module_is_in_the_list():
    """One raise statement a rule: each must be reached by some case above."""
    tree = ast.parse(Path(losses.__file__).read_text(encoding="utf-8"))
    raised_at = {node.lineno for node in ast.walk(tree) if isinstance(node, ast.Raise)}
    reached = set()
    for call, kind, _ in ERRORS:
        with pytest.raises(kind) as caught:
            call()
        reached.add(caught.traceback[-1].lineno + 1)
    assert reached == raised_at


# From scratch, checked by machine.

DONE_FOR_YOU = {"softmax", "log_softmax", "logsumexp", "logaddexp", "logcumsumexp", "softmin", "log_sigmoid"}


def calls_that_spoil_the_lesson(source):
    """Names that leave tensor arithmetic: other imports, torch.nn, a ready-made softmax or loss."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} - {"torch"}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names} - {
                "collections.abc.Iterator",
                "prevlib.losses.at_labels.loss_at_labels",
                "torch.Tensor",
                "typing.Literal",
            }
        elif isinstance(node, ast.Attribute):
            name = node.attr.strip("_")
            ready_made = name in DONE_FOR_YOU or name.endswith(("loss", "Loss", "entropy", "div"))
            if ready_made or name in {"nn", "functional", "special", "ops", "distributions"}:
                found.add(node.attr)
        elif isinstance(node, ast.Name) and node.id in {"getattr", "eval", "exec", "__import__"}:
            found.add(node.id)
    return found


@pytest.mark.parametrize("module", [losses, at_labels])
def test_losses_are_written_from_tensor_arithmetic(module):
    assert calls_that_spoil_the_lesson(Path(module.__file__).read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    "line",
    [
        "torch.nn.functional.cross_entropy(logits, labels)",
        "torch.nn.CrossEntropyLoss()(logits, labels)",
        "import torch.nn.functional as F",
        "from torch.nn import functional",
        "from torch import logsumexp",
        "logits.log_softmax(-1)",
        "torch.softmax(logits, -1).log()",
        "logits - logits.logsumexp(-1, keepdim=True)",
        "torch.ops.aten.nll_loss(log_probs, labels)",
        "getattr(torch, 'log_' + 'softmax')(logits, -1)",
    ],
)
def test_the_machine_notices_a_shortcut(line):
    assert calls_that_spoil_the_lesson(line)
