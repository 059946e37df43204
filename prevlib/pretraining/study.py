"""Why does a small BERT learn what it learns? Runs that differ in one thing each.

``factorial``: two random starts (``initializer_range``) by two mask rates, the learning rate tuned in each
cell on seeds of its own. ``variants``: the recipe of the last cell with a constant learning rate, with four
layers, and with layers that do not begin scaled down. ``ladder``: three sizes by three numbers of steps.
Every run is scored on the same tokens of the same held-out reviews, at ``[MASK]`` and at the other fates,
before the first step, after 1, 2, 4, 8, ... steps, and after every hundred of them.

Used in notebook 05; ``python -m prevlib.pretraining.study FILE``. Left out: longer rows and larger models.
Sources: Devlin et al. 2019; Wettig et al. 2023 (mask rates); Radford et al. 2019 (scaled residuals).
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from datasets import Dataset

from prevlib.checkpoints import load_tokenizer
from prevlib.datasets import load_imdb
from prevlib.files import fingerprint
from prevlib.masking import MaskingCollator
from prevlib.pretraining.data import pack_rows
from prevlib.pretraining.run import PretrainConfig, build_model, masked_lm_loss
from prevlib.pretraining.scoring import score, score_batch
from prevlib.training import fit
from prevlib.training.studies import read_runs, run_missing

STUDY = Path(__file__).parents[1] / "data" / "pretraining_study.jsonl"
N_TRAIN, N_TEST, N_WATCHED = 15_000, 200, 1024  # reviews, reviews, rows that are scored during a run
BLOCK = 22  # neighbouring rows whose losses are kept as one sum; about one review
RATES = (7e-4, 2e-3, 6e-3)  # learning rates that are tried in each cell
PARTS = ("factorial", "variants", "ladder")
SEARCH_SEEDS, SEEDS = (100, 101), (0, 1, 2, 3, 4)
RECIPE = PretrainConfig(
    tokenizer="mini",
    hidden_size=128,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=512,
    max_position_embeddings=128,
    sequence_length=16,
    per_device_train_batch_size=64,
    initializer_range=0.06,
    mlm_probability=0.4,
    learning_rate=2e-3,
    max_steps=600,
    eval_steps=100,
    eval_on_start=True,
    bf16=False,
)
CELLS = [
    {"initializer_range": start, "mlm_probability": rate}
    for start, rate in product((0.02, 0.06), (0.15, 0.4))
]
VARIANTS = {
    "constant rate": {"lr_scheduler_type": "constant_with_warmup"},
    "layers not scaled": {"scale_residuals": False},
    "four layers": {"num_hidden_layers": 4},
    "four layers, not scaled": {"num_hidden_layers": 4, "scale_residuals": False},
}
SIZES = {
    "64 x 2": {"hidden_size": 64, "intermediate_size": 256},
    "128 x 2": {},
    "256 x 4": {"hidden_size": 256, "intermediate_size": 1024, "num_hidden_layers": 4},
}
STEPS = (300, 1000, 3000)


def pretraining_study(
    output: str | Path, *, parts: Sequence[str] = PARTS, show_progress: bool = True
) -> pd.DataFrame:
    """The runs of the study; each finished one is appended to the file, which goes on where it stopped.

    Args:
        output: File of results, new or begun.
        parts: Which of the three parts to run. The last two take their learning rates from searches of the
            first kind: ``variants`` the rate of the recipe's cell, ``ladder`` one search per size.
        show_progress: Show a bar.
    Returns:
        The table, as from ``read_pretraining_study``.
    Raises:
        ValueError: If the file is of another study.
    """
    output, tokenizer, imdb = Path(output), load_tokenizer("mini"), load_imdb()
    with TemporaryDirectory() as folder:
        texts = imdb["train"]["text"][:N_TRAIN], imdb["test"]["text"][:N_TEST]
        train, test = (
            pack_rows(part, tokenizer, RECIPE.sequence_length, Path(folder) / name)
            for part, name in zip(texts, ("train", "test"), strict=True)
        )
        made_from = {"train": fingerprint(train), "test": fingerprint(test)}
        made_from |= {"vocabulary": fingerprint(tokenizer.get_vocab())}

        def do(part: str, cell: str, seed: int, settings: dict) -> dict:
            config = PretrainConfig(**settings)
            model = build_model(config, tokenizer)
            watched = test.select(range(min(N_WATCHED, len(test))))
            history = fit(
                model,
                train,
                masked_lm_loss,
                config,
                collate_fn=MaskingCollator(tokenizer, config.mlm_probability, seed=config.seed),
                evaluate=lambda model: score(model, watched, MaskingCollator(tokenizer), 32)._asdict(),
                show_progress=False,
            )
            parameters = sum(p.numel() for p in model.bert.encoder.parameters())
            return {"encoder_parameters": parameters, **_result(model, history, test, tokenizer)}

        def run(part: str, cells: dict[str, PretrainConfig], seeds: Sequence[int]) -> None:
            runs = [
                {"part": part, "cell": cell, "seed": seed, "settings": asdict(replace(config, seed=seed))}
                for cell, config in cells.items()
                for seed in seeds
            ]
            run_missing(output, made_from, runs, do, show_progress)

        def tuned(part: str, cells: dict[str, PretrainConfig], seeds: Sequence[int]) -> dict:
            """The cells, each with the rate whose mean loss over the seeds of the search is the smallest."""
            search = f"{part}, search"
            trials = {
                f"{cell}, rate {rate:g}": replace(config, learning_rate=rate)
                for (cell, config), rate in product(cells.items(), RATES)
            }
            run(search, trials, seeds)
            losses = pd.DataFrame(read_runs(output)).query("part == @search").groupby("cell")["loss"].mean()
            best = {cell: min(RATES, key=lambda r: losses[f"{cell}, rate {r:g}"]) for cell in cells}
            return {cell: replace(config, learning_rate=best[cell]) for cell, config in cells.items()}

        cells = {_name(cell): replace(RECIPE, **cell) for cell in CELLS}
        if "factorial" in parts or "variants" in parts:
            cells = tuned("factorial", cells, SEARCH_SEEDS)
            run("factorial", cells, SEEDS)
        if "variants" in parts:
            recipe = cells[_name(CELLS[-1])]
            run("variants", {name: replace(recipe, **changed) for name, changed in VARIANTS.items()}, SEEDS)
        if "ladder" in parts:
            sizes = {name: replace(RECIPE, **size) for name, size in SIZES.items()}
            sizes = tuned("ladder", {n: replace(c, max_steps=STEPS[0]) for n, c in sizes.items()}, [100])
            rungs = {
                f"{name}, {steps} steps": replace(config, max_steps=steps)
                for (name, config), steps in product(sizes.items(), STEPS)
            }
            run("ladder", rungs, SEEDS[:1])
    return read_pretraining_study(output)


def read_pretraining_study(path: str | Path = STUDY) -> pd.DataFrame:
    """The runs of ``pretraining_study``, by default those that come with the library.

    Args:
        path: JSON lines, one per run.
    Returns:
        One row per run: ``part``, ``cell``, ``seed``, ``seconds``, ``settings``, ``encoder_parameters``, the
        fields of ``MLMScore`` on all held-out rows after the last step, ``block_losses`` (sums of the losses
        at ``[MASK]`` over neighbouring rows, and their numbers), and ``evaluations``, the scores during the
        run: step, loss, loss at random and at kept tokens, accuracy and share of the most frequent guess.
    Raises:
        FileNotFoundError: If there is no such file.
    """
    return pd.DataFrame(read_runs(Path(path)))


def _result(model, history, test: Dataset, tokenizer) -> dict:
    collate, blocks = MaskingCollator(tokenizer), []
    for start in range(0, len(test), BLOCK):
        batch = collate(test.__getitems__(list(range(start, min(start + BLOCK, len(test))))))
        losses, _, _, fates = score_batch(model, batch, tokenizer.mask_token_id)
        blocks.append([round(losses[fates == 0].sum().item(), 3), int((fates == 0).sum())])
    columns = ("step", "loss", "loss_random", "loss_kept", "accuracy", "top_share")
    curve = [[round(float(e[name]), 4) for name in columns] for e in history.evaluations]
    final = {name: round(value, 5) for name, value in score(model, test, collate, 32)._asdict().items()}
    return final | {"block_losses": blocks, "evaluations": curve}


def _name(cell: dict) -> str:
    return f"start {cell['initializer_range']}, masks {cell['mlm_probability']}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m prevlib.pretraining.study", description=__doc__)
    parser.add_argument("output", type=Path, help="file of results, one line of JSON per run")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    options = parser.parse_args()
    try:
        pretraining_study(options.output, parts=options.parts)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
