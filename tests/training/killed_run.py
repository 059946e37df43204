"""A run for the test of kills: it saves at every step, says when it begins, and prints what it ended in."""

import hashlib
import json
import sys
import time
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import default_collate

from prevlib.training import TrainConfig, fit


def loss(model, batch):
    logits = model(batch["x"])
    return nn.functional.cross_entropy(logits, batch["y"], reduction="sum"), len(batch["y"])


def main(folder: str) -> None:
    torch.manual_seed(0)
    rows = [{"x": torch.randn(64), "y": torch.tensor(i % 8)} for i in range(64)]
    model = nn.Sequential(nn.Linear(64, 300), nn.Dropout(0.2), nn.GELU(), nn.Linear(300, 8))
    config = TrainConfig(max_steps=150, per_device_train_batch_size=8, save_steps=1, bf16=False)
    fit(
        nn.Linear(64, 8),
        rows,
        loss,
        TrainConfig(max_steps=1),
        collate_fn=default_collate,
        show_progress=False,
    )
    newest = max(Path(folder).glob("checkpoint-*"), default=None)
    print("begins", flush=True)
    started = time.perf_counter()
    history = fit(
        model, rows, loss, config, collate_fn=default_collate, checkpoint_dir=folder, show_progress=False
    )
    weights = b"".join(p.detach().numpy().tobytes() for p in model.parameters())
    ended = {"parameters": hashlib.sha256(weights).hexdigest(), "losses": [s["loss"] for s in history.steps]}
    ended["resumed_at"] = int(newest.name[-8:]) if newest else 0
    print(json.dumps(ended | {"seconds": time.perf_counter() - started}))


if __name__ == "__main__":
    main(sys.argv[1])
