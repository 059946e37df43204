"""The loop: by hand on one weight, against transformers' schedule, reproducible, and quiet about globals."""

import numpy as np
import pytest
import torch
from torch import nn
from transformers import get_linear_schedule_with_warmup

from prevlib.training import TrainConfig, build_optimizer, fit, has_bf16, schedule

SMALL = TrainConfig(num_train_epochs=3, per_device_train_batch_size=4, learning_rate=0.05, bf16=False)


def squared_error(model, batch):
    errors = (model(batch["x"]) - batch["y"]) ** 2
    return errors.sum(), len(batch["y"])


def line(n=32):
    x = torch.linspace(-1, 1, n)
    return [{"x": a.reshape(1), "y": (3 * a + 1).reshape(1)} for a in x]


def stack(examples):
    return {name: torch.stack([example[name] for example in examples]) for name in examples[0]}


def run(config=SMALL, *, dropout=0.0, **options):
    torch.manual_seed(5)  # of the initial weights, which are the caller's
    model = nn.Sequential(nn.Dropout(dropout), nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))
    return model, fit(model, line(), squared_error, config, collate_fn=stack, show_progress=False, **options)


def test_one_step_of_adamw_by_hand():
    # Adam's first step is the learning rate times the sign of the gradient, whatever its size.
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, 2.0)
    config = TrainConfig(learning_rate=0.1, num_train_epochs=1, warmup_ratio=0, weight_decay=0, bf16=False)
    example = [{"x": torch.ones(1), "y": torch.zeros(1)}]
    history = fit(model, example, squared_error, config, collate_fn=stack, show_progress=False)
    assert model.weight.item() == pytest.approx(1.9, abs=1e-6)
    assert history.steps[0]["loss"] == pytest.approx(4.0)


def test_the_schedule_equals_transformers():
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = get_linear_schedule_with_warmup(optimizer, num_warmup_steps=10, num_training_steps=100)
    for step in range(99):
        ours = schedule(step, 100, 0.1)
        # Theirs starts the warm-up at 0, a step without effect; ours starts one notch higher.
        assert ours == pytest.approx(theirs.get_last_lr()[0] + (0.1 if step < 10 else 0))
        optimizer.step()
        theirs.step()


@pytest.mark.parametrize("warmup_ratio", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("n_steps", [1, 2, 7])
def test_the_schedule_stays_above_zero_and_at_most_one(n_steps, warmup_ratio):
    factors = [schedule(step, n_steps, warmup_ratio) for step in range(n_steps)]
    assert all(0 < factor <= 1 for factor in factors)


def test_the_loss_falls_and_the_history_tells():
    model, history = run(evaluate=lambda model: {"training": model.training})
    frame = history.to_frame()
    assert list(frame.columns) == ["step", "epoch", "loss", "learning_rate", "seconds"]
    assert list(frame["step"]) == list(range(1, 25))
    assert frame["loss"].iloc[-4:].mean() < 0.5 * frame["loss"].iloc[:4].mean()
    assert [e["epoch"] for e in history.evaluations] == [1, 2, 3]
    assert not any(e["training"] for e in history.evaluations)
    assert not model.training


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    def weights(config):
        model, _ = run(config, dropout=0.3)
        return torch.cat([p.detach().flatten() for p in model.parameters()])

    other = TrainConfig(
        num_train_epochs=3, per_device_train_batch_size=4, learning_rate=0.05, seed=1, bf16=False
    )
    assert torch.equal(weights(SMALL), weights(SMALL))
    assert not torch.equal(weights(SMALL), weights(other))


def test_the_global_random_state_is_left_alone():
    torch.manual_seed(5)
    model = nn.Sequential(nn.Dropout(0.5), nn.Linear(1, 1))
    before = torch.random.get_rng_state()
    fit(model, line(), squared_error, SMALL, collate_fn=stack, show_progress=False)
    assert torch.equal(before, torch.random.get_rng_state())


def test_frozen_parameters_do_not_move():
    torch.manual_seed(5)
    model = nn.Sequential(nn.Linear(1, 4), nn.Linear(4, 1))
    model[0].requires_grad_(False)
    frozen, free = model[0].weight.clone(), model[1].weight.clone()
    fit(model, line(), squared_error, SMALL, collate_fn=stack, show_progress=False)
    assert torch.equal(model[0].weight, frozen)
    assert not torch.equal(model[1].weight, free)


def test_only_matrices_decay():
    model = nn.Sequential(nn.Linear(2, 3), nn.LayerNorm(3), nn.Embedding(4, 3))
    decayed, kept = build_optimizer(model, TrainConfig()).param_groups
    assert sorted(p.ndim for p in decayed["params"]) == [2, 2]
    assert {p.ndim for p in kept["params"]} == {1}
    assert (decayed["weight_decay"], kept["weight_decay"]) == (0.01, 0.0)


def test_gradients_are_clipped():
    model = nn.Linear(1, 1, bias=False)
    seen = []
    model.weight.register_post_accumulate_grad_hook(lambda p: seen.append(p.grad.norm().item()))
    config = TrainConfig(
        num_train_epochs=1, max_grad_norm=1e-9, learning_rate=1.0, weight_decay=0, bf16=False
    )
    start = model.weight.item()
    steep = [{"x": torch.full((1,), 1e3), "y": torch.zeros(1)}]
    fit(model, steep, squared_error, config, collate_fn=stack, show_progress=False)
    # Adam divides by |g| + 1e-8: with |g| clipped to 1e-9 the step is a tenth of the learning rate or less.
    assert seen[0] > 1
    assert abs(model.weight.item() - start) < 0.11


def test_a_loss_that_is_no_number_stops_the_run():
    def broken(model, batch):
        return model(batch["x"]).sum() * torch.nan, 1

    with pytest.raises(
        ValueError, match=r"loss must stay finite; got nan at step 1. Lower the learning rate"
    ):
        fit(nn.Linear(1, 1), line(), broken, SMALL, collate_fn=stack, show_progress=False)


def test_nothing_to_train_is_refused():
    model = nn.Linear(1, 1).requires_grad_(False)
    with pytest.raises(ValueError, match="got 0 parameters and 32 examples"):
        fit(model, line(), squared_error, SMALL, collate_fn=stack)
    with pytest.raises(ValueError, match="got 2 parameters and 0 examples"):
        fit(nn.Linear(1, 1), [], squared_error, SMALL, collate_fn=stack)


@pytest.mark.parametrize(
    "options, text",
    [
        ({"num_train_epochs": 0}, r"`num_train_epochs` must be at least 1; got 0"),
        ({"per_device_train_batch_size": 0}, r"`per_device_train_batch_size` must be at least 1; got 0"),
        ({"warmup_ratio": 10}, r"`warmup_ratio` must be from 0 to 1; got 10"),
    ],
)
def test_impossible_settings_are_refused(options, text):
    with pytest.raises(ValueError, match=text):
        TrainConfig(**options)


def test_bf16_is_asked_of_the_processor():
    assert has_bf16(torch.device("cpu")) in (True, False)
    assert np.isfinite(run(TrainConfig(num_train_epochs=1, bf16=True))[1].steps[-1]["loss"])
