"""The loop: by hand on one weight, against transformers' schedule, reproducible, resumable, and quiet."""

import dataclasses
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from transformers import get_linear_schedule_with_warmup

from prevlib.inference import has_bf16
from prevlib.training import History, TrainConfig, build_optimizer, fit, schedule

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
        (
            {"train_sampling_strategy": "sorted"},
            "`train_sampling_strategy` must be one of random, group_by_length; got 'sorted'",
        ),
        ({"per_device_train_batch_size": 0}, r"`per_device_train_batch_size` must be at least 1; got 0"),
        ({"gradient_accumulation_steps": 0}, r"`gradient_accumulation_steps` must be at least 1; got 0"),
        ({"max_steps": 0}, r"`max_steps` must be at least 1; got 0"),
        ({"eval_steps": -1}, r"`eval_steps` must be at least 1; got -1"),
        ({"warmup_ratio": 10}, r"`warmup_ratio` must be from 0 to 1; got 10"),
        ({"learning_rate": 0}, "`learning_rate` must be above 0; got 0"),
        ({"learning_rate": -1e-4}, "`learning_rate` must be above 0; got -0.0001"),
        ({"learning_rate": np.nan}, "`learning_rate` must be above 0; got nan"),
        ({"learning_rate": np.inf}, "`learning_rate` must be above 0; got inf"),
        ({"weight_decay": -0.1}, "`weight_decay` must be at least 0; got -0.1"),
        ({"max_grad_norm": 0}, "`max_grad_norm` must be above 0; got 0"),
        ({"max_grad_norm": np.nan}, "`max_grad_norm` must be above 0; got nan"),
        ({"seed": -1}, "`seed` must be from 0 to 4294967295; got -1"),
        ({"seed": 2**32}, "`seed` must be from 0 to 4294967295; got 4294967296"),
        (
            {"num_train_epochs": 2.5},
            r"`num_train_epochs` must be a whole number, at least 1; got 2.5 \(float",
        ),
        ({"num_train_epochs": np.float32(2)}, "`num_train_epochs` must be a whole number"),
        ({"num_train_epochs": None}, "`num_train_epochs` must be a whole number, at least 1; got None"),
        ({"num_train_epochs": True}, r"whole number, at least 1; got True \(bool\). Pass an int"),
        ({"per_device_train_batch_size": "16"}, "must be a whole number, at least 1; got '16'. Pass an int"),
        ({"seed": np.True_}, "`seed` must be a whole number, from 0 to 4294967295; got np.True_"),
        (
            {"learning_rate": "1e-3"},
            "`learning_rate` must be a number, above 0; got '1e-3'. Write it without",
        ),
        ({"weight_decay": True}, "`weight_decay` must be a number, at least 0; got True"),
        ({"bf16": "no"}, "`bf16` must be True or False; got 'no'"),
        ({"metric_for_best_model": 1}, "`metric_for_best_model` must be a string; got 1"),
    ],
)
def test_impossible_settings_are_refused(options, text):
    with pytest.raises((TypeError, ValueError), match=text):
        TrainConfig(**options)


def test_numbers_of_numpy_become_plain_ones(tmp_path):
    config = TrainConfig(
        num_train_epochs=np.int64(1), learning_rate=np.float32(0.5), seed=np.uint8(3), weight_decay=0,
        max_grad_norm=np.inf, bf16=np.bool_(False), max_steps=torch.tensor(2),
    )  # fmt: skip
    assert config == TrainConfig(
        num_train_epochs=1, learning_rate=0.5, seed=3, weight_decay=0.0, max_grad_norm=float("inf"),
        bf16=False, max_steps=2,
    )  # fmt: skip
    kinds = {type(value) for value in vars(config).values()}
    assert kinds == {int, float, bool, str, type(None)}
    run(config, checkpoint_dir=tmp_path)
    run(config, checkpoint_dir=tmp_path)  # the settings in the checkpoint are the same ones


def test_bf16_is_asked_of_the_processor():
    assert has_bf16(torch.device("cpu")) in (True, False)
    assert np.isfinite(run(TrainConfig(num_train_epochs=1, bf16=True))[1].steps[-1]["loss"])


# Steps: of several batches, of a given number, evaluated and stopped.


def changed(**options):
    return dataclasses.replace(SMALL, **options)


def parameters(model):
    return [p.detach().clone() for p in model.parameters()]


def test_each_epoch_reads_every_row_once_in_another_order():
    epochs = []

    class Collate:
        def set_epoch(self, epoch):
            while len(epochs) < epoch:
                epochs.append([])

        def __call__(self, examples):
            epochs[-1] += [round(float(e["x"]), 4) for e in examples]
            return stack(examples)

    torch.manual_seed(5)
    fit(nn.Linear(1, 1), line(), squared_error, SMALL, collate_fn=Collate(), show_progress=False)
    rows = sorted(round(float(e["x"]), 4) for e in line())
    assert [sorted(epoch) for epoch in epochs] == [rows] * 3
    assert epochs[0] != epochs[1] != epochs[2]


def test_grouped_by_length_a_step_has_rows_alike_and_an_epoch_has_every_row_once():
    generator = torch.Generator().manual_seed(3)
    lengths = torch.randint(1, 100, (150,), generator=generator).tolist()
    rows = [{"input_ids": [0] * n, "row": row} for row, n in enumerate(lengths)]

    def steps_of(strategy):
        seen = []

        def loss(model, batch):
            seen.append(batch["row"].tolist())
            return model(torch.ones(1, 1)).sum(), 1

        def rows_of(examples):
            return {"row": torch.tensor([example["row"] for example in examples])}

        config = changed(num_train_epochs=2, train_sampling_strategy=strategy)
        fit(nn.Linear(1, 1), rows, loss, config, collate_fn=rows_of, show_progress=False)
        return seen

    def padding(steps):
        return sum(len(step) * max(lengths[row] for row in step) for step in steps) / (2 * sum(lengths)) - 1

    grouped = steps_of("group_by_length")
    first, second = grouped[: len(grouped) // 2], grouped[len(grouped) // 2 :]
    assert sorted(sum(first, [])) == sorted(sum(second, [])) == list(range(150))
    assert first != second
    assert padding(grouped) < 0.1 < 0.4 < padding(steps_of("random"))


def test_accumulated_batches_are_one_step_divided_once():
    """Batches with unequal numbers of targets: the mean of their means would be another loss."""

    def some_count(model, batch):
        counted = batch["x"] > -0.5
        errors = (model(batch["x"]) - batch["y"]) ** 2
        return errors[counted].sum(), counted.sum()

    found = []
    for size, accumulation in ((8, 1), (4, 2), (1, 8)):
        torch.manual_seed(5)
        model = nn.Linear(1, 1)
        config = changed(per_device_train_batch_size=size, gradient_accumulation_steps=accumulation)
        history = fit(model, line(), some_count, config, collate_fn=stack, show_progress=False)
        found.append(([s["loss"] for s in history.steps], parameters(model)))
    for losses, weights in found[1:]:
        np.testing.assert_allclose(losses, found[0][0], rtol=1e-5)
        for a, b in zip(weights, found[0][1], strict=True):
            torch.testing.assert_close(a, b)


def sparse_error(model, batch):
    """Squared error where x is above 0.5, which in many batches is nowhere."""
    counted = batch["x"] > 0.5
    return ((model(batch["x"]) - batch["y"]) ** 2)[counted].sum(), counted.sum()


def test_a_step_without_a_target_changes_nothing():
    model = nn.Linear(1, 1)
    weights = []

    def evaluate(model):
        weights.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
        return {}

    config = changed(per_device_train_batch_size=1, eval_steps=1, num_train_epochs=2)
    history = fit(
        model, line(), sparse_error, config, collate_fn=stack, evaluate=evaluate, show_progress=False
    )
    losses = np.array([step["loss"] for step in history.steps])
    assert np.isnan(losses).sum() == 2 * 24  # of 32 rows, 8 are above 0.5
    moved = np.array([not torch.equal(a, b) for a, b in zip(weights, weights[1:], strict=False)])
    np.testing.assert_array_equal(moved, ~np.isnan(losses[1:]))


def test_steps_without_a_target_survive_an_interruption(tmp_path):
    config = changed(per_device_train_batch_size=1, save_steps=1, num_train_epochs=1)

    def weights(folder, **options):
        torch.manual_seed(5)
        model = nn.Linear(1, 1)
        fit(model, line(), sparse_error, config, collate_fn=stack, show_progress=False, **options)
        return torch.cat([p.detach().flatten() for p in model.parameters()])

    class PowerCut(Exception):
        pass

    whole = weights(tmp_path)
    for _ in range(3):  # one step each time

        def cut(model, calls=[0]):  # noqa: B006
            calls[0] += 1
            if calls[0] > 1:
                raise PowerCut
            return {}

        one = dict(collate_fn=stack, evaluate=cut, checkpoint_dir=tmp_path, show_progress=False)
        torch.manual_seed(5)
        with pytest.raises(PowerCut):
            fit(nn.Linear(1, 1), line(), sparse_error, dataclasses.replace(config, eval_steps=1), **one)
    assert torch.equal(weights(tmp_path, checkpoint_dir=tmp_path), whole)


def test_a_run_without_any_target_is_refused():
    def no_target(model, batch):
        return model(batch["x"]).sum() * 0, 0

    with pytest.raises(
        ValueError, match="A run must have at least one target; `compute_loss` counted none in"
    ):
        fit(nn.Linear(1, 1), line(), no_target, SMALL, collate_fn=stack, show_progress=False)


@pytest.mark.parametrize("max_steps, epochs", [(5, 1), (20, 3)])
def test_max_steps_ends_the_run_and_evaluations_come_when_asked(max_steps, epochs):
    config = changed(max_steps=max_steps, eval_steps=4)
    _, history = run(config, evaluate=lambda model: {"loss": 1.0})
    assert len(history.steps) == max_steps
    assert history.steps[-1]["epoch"] == epochs  # of eight steps each
    assert history.steps[-1]["learning_rate"] == pytest.approx(0.05 / (max_steps - round(0.1 * max_steps)))
    assert [e["step"] for e in history.evaluations] == sorted({*range(4, max_steps + 1, 4), max_steps})


@pytest.mark.parametrize(
    "metric, values, last",
    [
        ("loss", [9.0, 3.0, 2.0, 2.5, 2.0, 1.0], 4),  # 2.0 again is no new best
        ("accuracy", [0.1, 0.3, 0.2, 0.4, 0.4, 0.3], 5),
        ("accuracy", [0.1, 0.3, 0.4, 0.5, 0.6, 0.7], 6),
        ("accuracy", [np.nan, 0.3, 0.2, 0.1], 3),  # NaN is never the best
        ("accuracy", [0.9, 0.3, 0.4, 0.5], 2),  # the first is that of the untrained model
    ],
)
def test_it_stops_when_nothing_gets_better(metric, values, last):
    scores = iter([*values, values[-1]])
    config = changed(max_steps=6, eval_steps=1, early_stopping_patience=2, metric_for_best_model=metric)
    _, history = run(config, evaluate=lambda model: {metric: next(scores)})
    assert len(history.steps) == last


def scored(values, seen):
    """An evaluation that returns these values and keeps the weights that it was shown."""
    values = iter(values)

    def evaluate(model):
        seen.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
        return {"accuracy": next(values)}

    return evaluate


EARLY = {"eval_steps": 1, "early_stopping_patience": 2, "metric_for_best_model": "accuracy"}


def test_early_stopping_leaves_the_best_weights(tmp_path):
    seen = []
    model, history = run(changed(max_steps=6, **EARLY), evaluate=scored([0.1, 0.5, 0.9, 0.4, 0.3], seen))
    assert [evaluation["step"] for evaluation in history.evaluations] == [0, 1, 2, 3, 4]
    assert torch.equal(torch.cat([p.detach().flatten() for p in model.parameters()]), seen[2])
    assert not torch.equal(seen[2], seen[4])


@pytest.mark.parametrize("saved", [1, 3])  # a checkpoint at every step, also the last; one before the stop
def test_early_stopping_in_two_parts_ends_in_the_same_bits(tmp_path, saved):
    values, config = [0.1, 0.5, 0.9, 0.4, 0.3], changed(max_steps=6, save_steps=saved, **EARLY)
    model, history = run(config, evaluate=scored(values, []))

    first = scored(values[:4], [])
    with pytest.raises(StopIteration):  # the power goes at the fifth evaluation
        run(config, evaluate=first, checkpoint_dir=tmp_path)
    done = json.loads((sorted(tmp_path.glob("checkpoint-*"))[-1] / "state.json").read_text())["history"]
    rest = scored(values[len(done["evaluations"]) :], [])
    again, resumed = run(config, evaluate=rest, checkpoint_dir=tmp_path)
    third, finished = run(config, evaluate=scored(values[4:], []), checkpoint_dir=tmp_path)
    for other, its in ((again, resumed), (third, finished)):
        assert its.evaluations == history.evaluations
        assert all(map(torch.equal, other.parameters(), model.parameters()))


def test_early_stopping_needs_a_metric_that_there_is():
    with pytest.raises(ValueError, match="`evaluate` must be given, so .*; got None with early_stopping_pat"):
        run(changed(early_stopping_patience=2))
    with pytest.raises(ValueError, match="must be a metric of the evaluation, one of: f1, n; got 'loss'"):
        run(changed(early_stopping_patience=2), evaluate=lambda model: {"f1": 1.0, "n": 3, "names": ["a"]})


def test_the_history_is_plain_python_whatever_the_evaluation_returns(tmp_path):
    odd = {"a": np.float32(0.5), "b": np.int64(3), "c": torch.tensor(2.0), "d": np.ones(2), "e": (1, 2)}
    _, history = run(changed(num_train_epochs=1), evaluate=lambda model: odd, checkpoint_dir=tmp_path)
    plain = {"epoch": 1, "step": 8, "a": 0.5, "b": 3, "c": 2.0, "d": [1.0, 1.0], "e": [1, 2]}
    assert history.evaluations == [plain]
    assert [type(value) for value in history.evaluations[0].values()] == list(map(type, plain.values()))
    with pytest.raises(TypeError, match="must return numbers by name; got <object"):
        run(evaluate=lambda model: {"a": object()})
    with pytest.raises(TypeError, match="must return a dict of scores by name; got float"):
        run(evaluate=lambda model: 0.5)


def test_the_history_counts_evaluations_since_the_best():
    history = History(evaluations=[{"loss": loss} for loss in (3.0, 1.0, 2.0, 1.0)])
    assert history.stalled_for("loss") == 2


# Resuming.


def test_a_run_in_two_parts_ends_in_the_same_bits(tmp_path):
    whole, expected = run(changed(save_steps=5), dropout=0.3, checkpoint_dir=tmp_path / "whole")

    class PowerCut(Exception):
        pass

    def cut(model, batch, calls=[0]):  # noqa: B006
        calls[0] += 1
        if calls[0] == 14:
            raise PowerCut
        return squared_error(model, batch)

    folder = tmp_path / "parts"
    torch.manual_seed(5)
    model = nn.Sequential(nn.Dropout(0.3), nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))
    options = {"collate_fn": stack, "checkpoint_dir": folder, "show_progress": False}
    with pytest.raises(PowerCut):
        fit(model, line(), cut, changed(save_steps=5), **options)
    torch.manual_seed(5)
    model = nn.Sequential(nn.Dropout(0.3), nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))
    history = fit(model, line(), squared_error, changed(save_steps=5), **options)
    assert all(torch.equal(a, b) for a, b in zip(parameters(model), parameters(whole), strict=True))
    assert [s["loss"] for s in history.steps] == [s["loss"] for s in expected.steps]
    assert np.all(np.diff(history.to_frame()["seconds"]) > 0)


def test_a_finished_run_is_not_run_again(tmp_path):
    model, first = run(checkpoint_dir=tmp_path)
    again, second = run(checkpoint_dir=tmp_path)
    assert second == first
    assert all(torch.equal(a, b) for a, b in zip(parameters(model), parameters(again), strict=True))


def test_a_run_with_other_settings_is_not_continued(tmp_path):
    run(checkpoint_dir=tmp_path)
    with pytest.raises(ValueError, match=r"else: learning_rate 0.05 there, 0.1 here, seed 0 there, 1 here"):
        run(changed(learning_rate=0.1, seed=1), checkpoint_dir=tmp_path)
    with pytest.raises(ValueError, match=r"else: rows_a_step 4 there, 8 here"):
        run(changed(per_device_train_batch_size=8), checkpoint_dir=tmp_path)
    # The same steps in smaller batches are the same run.
    run(changed(per_device_train_batch_size=2, gradient_accumulation_steps=2), checkpoint_dir=tmp_path)


KILLED = Path(__file__).with_name("killed_run.py")


def killed_run(folder):
    return [sys.executable, KILLED, folder]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_killed_ten_times_at_random_it_ends_in_the_same_bits(tmp_path):
    """Kills fall anywhere: in steps, in evaluations and, since it saves at every step, mostly in saving."""
    whole = subprocess.run(killed_run(tmp_path / "whole"), capture_output=True, text=True, check=True)
    expected = json.loads(whole.stdout.splitlines()[-1])
    draw, kills = random.Random(0), 0
    while kills < 10:
        process = subprocess.Popen(killed_run(tmp_path / "killed"), stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "begins\n"
        time.sleep(draw.uniform(0.0, 0.25) * expected["seconds"])
        process.send_signal(signal.SIGKILL)
        kills += process.wait() == -signal.SIGKILL
        process.stdout.close()
    left = sorted(path.name for path in (tmp_path / "killed").iterdir())
    done = subprocess.run(killed_run(tmp_path / "killed"), capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["resumed_at"] > 0, left
    assert found["parameters"] == expected["parameters"]
    assert found["losses"] == expected["losses"]
