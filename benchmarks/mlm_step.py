"""A step of pre-training: our loop beside ``BertForMaskedLM`` in the ``Trainer`` of transformers.

Same architecture, rows, batch, optimizer and share of masked tokens. Ours and the peer take turns, so that
whatever else the machine does hits both. Before that, both losses are compared on one batch with the same
masks.

    python -m benchmarks.mlm_step
"""

import argparse
import tempfile
import time
from pathlib import Path

import torch
from transformers import (
    BertForMaskedLM,
    DataCollatorForLanguageModeling,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from benchmarks import spread
from prevlib.checkpoints import load_tokenizer, quiet_transformers
from prevlib.datasets import load_imdb
from prevlib.masking import MaskingCollator
from prevlib.pretraining import PretrainConfig, build_model, masked_lm_loss, pack_rows
from prevlib.tokenization import train_wordpiece
from prevlib.training import fit

ARCHITECTURES = {
    "mini": {},
    "minilm": {
        "hidden_size": 384,
        "num_hidden_layers": 6,
        "num_attention_heads": 12,
        "intermediate_size": 1536,
    },
}
WARM_UP, TIMED = 2, 6  # steps of a turn


class Clock(TrainerCallback):
    """When each step of a Trainer ended."""

    def __init__(self):
        self.ends = []

    def on_step_end(self, *_, **__):
        self.ends.append(time.perf_counter())


def seconds_ours(model, rows, tokenizer, config) -> float:
    collate = MaskingCollator(tokenizer, config.mlm_probability)
    history = fit(model, rows, masked_lm_loss, config, collate_fn=collate, show_progress=False)
    ends = [step["seconds"] for step in history.steps]
    return (ends[-1] - ends[WARM_UP - 1]) / TIMED


def seconds_theirs(model, rows, tokenizer, config) -> float:
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder,
            per_device_train_batch_size=config.per_device_train_batch_size,
            max_steps=config.max_steps,
            learning_rate=config.learning_rate,
            report_to=[],
            use_cpu=True,
            disable_tqdm=True,
            logging_strategy="no",
            save_strategy="no",
            seed=0,
        )
        collate = DataCollatorForLanguageModeling(tokenizer, mlm_probability=config.mlm_probability)
        Trainer(model, arguments, data_collator=collate, train_dataset=rows, callbacks=[clock]).train()
    return (clock.ends[-1] - clock.ends[WARM_UP - 1]) / TIMED


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mlm_step", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--architecture", choices=ARCHITECTURES, default="mini")
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--sequence_length", type=int, default=128)
    parser.add_argument("--mlm_probability", type=float, default=0.15)
    options = parser.parse_args()

    texts = load_imdb()["train"]["text"][:1000]
    if options.architecture == "mini":
        tokenizer = train_wordpiece(texts, 8192)
    else:
        tokenizer = load_tokenizer("minilm")
    settings = {
        "sequence_length": options.sequence_length,
        "mlm_probability": options.mlm_probability,
        "per_device_train_batch_size": options.batch_size,
        "max_steps": WARM_UP + TIMED,
        **ARCHITECTURES[options.architecture],
    }
    exact, default = PretrainConfig(bf16=False, **settings), PretrainConfig(**settings)
    with tempfile.TemporaryDirectory() as folder, quiet_transformers():
        rows = pack_rows(texts, tokenizer, options.sequence_length, Path(folder) / "rows.arrow")
        ours = build_model(exact, tokenizer)
        theirs = BertForMaskedLM(ours.config)
        theirs.load_state_dict(ours.state_dict())

        batch = MaskingCollator(tokenizer)(rows.__getitems__([0, 1, 2]))
        total, count = masked_lm_loss(ours, batch)
        torch.testing.assert_close(total / count, theirs(**batch).loss)

        ratios = {"float32": [], "our defaults": []}
        for _ in range(options.rounds):
            peer = seconds_theirs(theirs, rows, tokenizer, exact)
            for name, config in [("float32", exact), ("our defaults", default)]:
                ratios[name].append(peer / seconds_ours(ours, rows, tokenizer, config))
    what = f"{options.batch_size} x {options.sequence_length} tokens, {options.mlm_probability:.0%} masked"
    print(f"Training step, architecture of {options.architecture}, {what}, {torch.get_num_threads()} threads")
    print("Throughput relative to Trainer in float32, median and range of the rounds:")
    for name, values in ratios.items():
        print(f"  {name:12} {spread(values)}")


if __name__ == "__main__":
    main()
