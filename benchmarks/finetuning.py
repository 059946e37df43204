"""Fine-tuning on 1,000 reviews: ours beside the ``Trainer`` of transformers.

Same weights to start from, reviews, batch, schedule and optimizer; both train for one epoch, from names and
texts to the finished model, and take turns. In random order, and with texts of similar length in a step
("grouped"), which both offer. The mean accuracies on the test reviews must lie in each other's intervals.

    python -m benchmarks finetuning
"""

import argparse
import time

import numpy as np
from datasets import Dataset
from transformers import DataCollatorWithPadding

from benchmarks import Row, save
from benchmarks._trainer import train_with_trainer
from prevlib.checkpoints import Loaded, load_classifier, load_tokenizer, quiet_transformers
from prevlib.datasets import load_reviews
from prevlib.evaluation import wilson_interval
from prevlib.finetuning import finetune_classifier, predict_logits
from prevlib.training import TrainConfig


def train_ours(texts: list[str], labels: list[int], config: TrainConfig) -> Loaded:
    return finetune_classifier(texts, labels, "minilm", config=config, show_progress=False)


def train_theirs(texts: list[str], labels: list[int], config: TrainConfig) -> Loaded:
    tokenizer, model = load_tokenizer("minilm"), load_classifier("minilm", 2, seed=config.seed)
    rows = Dataset.from_dict(tokenizer(texts, truncation=True, max_length=512) | {"labels": labels})
    n_steps = -(-len(texts) // config.per_device_train_batch_size) * config.num_train_epochs
    train_with_trainer(
        model,
        rows,
        DataCollatorWithPadding(tokenizer),
        config,
        num_train_epochs=config.num_train_epochs,
        warmup_steps=round(config.warmup_ratio * n_steps),
        weight_decay=config.weight_decay,
        train_sampling_strategy=config.train_sampling_strategy,
        bf16=bool(config.bf16),
    )
    return Loaded(model.eval(), tokenizer)


def assert_same_accuracy(ours: float, theirs: float, n_test: int) -> None:
    """Each share of right answers lies in the interval of the other."""
    one, other = (wilson_interval(share * n_test, n_test) for share in (ours, theirs))
    if not (one.low <= theirs <= one.high and other.low <= ours <= other.high):
        raise AssertionError(f"The accuracies must be the same; got {one} and {other}.")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks finetuning", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--n_texts", type=int, default=1000)
    parser.add_argument("--n_test", type=int, default=853)
    options = parser.parse_args()

    reviews = load_reviews()
    train = reviews["train"].select(range(options.n_texts))
    test = reviews["test"].select(range(options.n_test))
    texts, labels, answers = list(train["text"]), list(train["label"]), np.array(test["label"])
    sides = {
        "ours": (train_ours, {"bf16": False}),
        "Trainer": (train_theirs, {"bf16": False}),
        "ours, grouped": (train_ours, {"bf16": False, "train_sampling_strategy": "group_by_length"}),
        "Trainer, grouped": (train_theirs, {"bf16": False, "train_sampling_strategy": "group_by_length"}),
        "ours, grouped, default precision": (train_ours, {"train_sampling_strategy": "group_by_length"}),
    }
    seconds, accuracies = ({name: [] for name in sides} for _ in range(2))
    with quiet_transformers():
        for run, _ in sides.values():  # the first steps of a process are slower
            run(texts[:32], labels[:32], TrainConfig(num_train_epochs=1))
        for seed in range(options.rounds):
            for name, (run, changes) in sides.items():
                config = TrainConfig(num_train_epochs=1, seed=seed, **changes)
                started = time.perf_counter()
                classifier = run(texts, labels, config)
                seconds[name].append(time.perf_counter() - started)
                right = predict_logits(classifier, test["text"]).argmax(axis=1) == answers
                accuracies[name].append(float(right.mean()))

    accuracy = {name: float(np.mean(shares)) for name, shares in accuracies.items()}
    pairs = [
        ("ours", "Trainer", None),
        ("ours, grouped", "Trainer", 1.2),
        ("ours, grouped", "Trainer, grouped", None),
        ("ours, grouped, default precision", "Trainer", None),
    ]
    rows = []
    for ours, theirs, bar in pairs:
        work = f"fine-tuning on {len(texts):,} reviews, {ours} (accuracy {accuracy[ours]:.3f})"
        peer = f"{theirs} ({accuracy[theirs]:.3f})"
        rows.append(Row(work, peer, seconds[ours], seconds[theirs], bar))
        print(rows[-1], flush=True)
    save("finetuning", rows)
    for ours, theirs, _ in pairs:
        assert_same_accuracy(accuracy[ours], accuracy[theirs], len(test))


if __name__ == "__main__":
    main()
