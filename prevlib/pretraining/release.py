"""From a pre-training run to a folder that can be shipped: half the size, and a short history.

    python -m prevlib.pretraining.release build/mini/short_rows build/mini/long_rows prevlib/data/mini

The weights are rounded to float16, which moves the loss by less than 0.0005 nats, and are read back as
float32. Left out: the model card, which is written by hand.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from prevlib.checkpoints import load_masked_lm, load_tokenizer, quiet_transformers

EVERY = 50  # steps kept of the loss curve


def release(parts: Sequence[str | Path], target: str | Path) -> None:
    """Write the model of the last part, and the history of all of them.

    Args:
        parts: Folders that ``pretrain`` wrote, each going on from the one before.
        target: New folder: ``config.json``, ``model.safetensors``, the tokenizer, ``history.json``.
    Raises:
        FileNotFoundError, ValueError: If a part is not the folder of a finished run.
    """
    target = Path(target)
    model, tokenizer = load_masked_lm(parts[-1]), load_tokenizer(parts[-1])
    history, tokens = [], 0
    for part in map(Path, parts):
        run = json.loads((part / "history.json").read_text(encoding="utf-8"))
        newest = max((part / "checkpoints").glob("checkpoint-*"))
        settings = json.loads((newest / "state.json").read_text(encoding="utf-8"))["made_from"]
        tokens_a_step = settings["rows_a_step"] * settings["sequence_length"]
        for record in run["steps"] + run["evaluations"]:
            record["tokens"] = tokens + record["step"] * tokens_a_step
        tokens += len(run["steps"]) * tokens_a_step
        run |= {"settings": settings, "minutes": run["steps"][-1]["seconds"] / 60}
        history.append(run | {"steps": run["steps"][EVERY - 1 :: EVERY]})
    with quiet_transformers():
        model.half().save_pretrained(target)
        tokenizer.save_pretrained(target)
    config = json.loads((target / "config.json").read_text(encoding="utf-8"))
    config["dtype"] = "float32"  # what the weights become in memory; processors compute best in it
    # Short pre-training needs no dropout, fine-tuning on a few labels does.
    config |= {"hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1}
    (target / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    (target / "history.json").write_text(json.dumps(_rounded(history)), encoding="utf-8")


def _rounded(value):
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list) else value


def main(arguments: Sequence[str] | None = None) -> None:
    """Release from a terminal."""
    parser = argparse.ArgumentParser(prog="python -m prevlib.pretraining.release", description=__doc__)
    parser.add_argument("parts", nargs="+", type=Path, help="folders of the runs, in order")
    parser.add_argument("target", type=Path, help="new folder")
    options = parser.parse_args(arguments)
    release(options.parts, options.target)


if __name__ == "__main__":
    main()
