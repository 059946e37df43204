"""A step of pre-training: our loop beside ``BertForMaskedLM`` in the ``Trainer`` of transformers.

Same architecture, rows, batch, optimizer and share of masked tokens; the peer in float32, ours in float32 and
as it comes. They take turns; before that, both losses are compared on one batch with the same masks.

    python -m benchmarks mlm_step
"""

import argparse
import tempfile
import time
from pathlib import Path

import torch
from transformers import BertForMaskedLM, DataCollatorForLanguageModeling, TrainerCallback

from benchmarks import Row, save
from benchmarks._trainer import train_with_trainer
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
BARS = {"float32": 1.5, "default precision": 3}
WARM_UP, TIMED = 1, 4  # steps of a turn


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
    collate = DataCollatorForLanguageModeling(tokenizer, mlm_probability=config.mlm_probability)
    train_with_trainer(model, rows, collate, config, callbacks=[clock], max_steps=config.max_steps)
    return (clock.ends[-1] - clock.ends[WARM_UP - 1]) / TIMED


def assert_same(ours: torch.Tensor, theirs: torch.Tensor) -> None:
    torch.testing.assert_close(ours, theirs)


def compare_steps(architecture: str, rounds: int, settings: dict) -> list[Row]:
    texts = load_imdb()["train"]["text"][:1000]
    tokenizer = train_wordpiece(texts, 8192) if architecture == "mini" else load_tokenizer("minilm")
    settings = settings | ARCHITECTURES[architecture] | {"max_steps": WARM_UP + TIMED}
    exact, default = PretrainConfig(bf16=False, **settings), PretrainConfig(**settings)
    with tempfile.TemporaryDirectory() as folder, quiet_transformers():
        rows = pack_rows(texts, tokenizer, exact.sequence_length, Path(folder) / "rows.arrow")
        ours = build_model(exact, tokenizer)
        theirs = BertForMaskedLM(ours.config)
        theirs.load_state_dict(ours.state_dict())

        batch = MaskingCollator(tokenizer)(rows.__getitems__([0, 1, 2]))
        total, count = masked_lm_loss(ours, batch)
        assert_same(total / count, theirs(**batch).loss)
        seconds = {"Trainer": [], "float32": [], "default precision": []}
        for _ in range(rounds):
            seconds["Trainer"].append(seconds_theirs(theirs, rows, tokenizer, exact))
            for precision, config in [("float32", exact), ("default precision", default)]:
                seconds[precision].append(seconds_ours(ours, rows, tokenizer, config))
    rows = []
    for precision, bar in BARS.items():
        work = f"MLM training step, architecture of {architecture}, {precision}"
        rows.append(Row(work, "Trainer, float32", seconds[precision], seconds["Trainer"], bar))
        print(rows[-1], flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks mlm_step", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--architectures", nargs="+", choices=ARCHITECTURES, default=list(ARCHITECTURES))
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--sequence_length", type=int, default=128)
    parser.add_argument("--mlm_probability", type=float, default=0.15)
    options = parser.parse_args()

    settings = {
        "per_device_train_batch_size": options.batch_size,
        "sequence_length": options.sequence_length,
        "mlm_probability": options.mlm_probability,
    }
    rows = [row for name in options.architectures for row in compare_steps(name, options.rounds, settings)]
    save("mlm_step", rows)


if __name__ == "__main__":
    main()
