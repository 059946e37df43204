"""Make the studies that the notebooks read: ``python -m prevlib.finetuning --help``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from prevlib.finetuning.study import domain_shift, entity_tagging, label_efficiency
from prevlib.finetuning.vectors import vector_study


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m prevlib.finetuning",
        description="TF-IDF, frozen, full and scratch on the reviews: over label budgets and seeds, or, with "
        "--shift, on texts of other kinds, or, with --entities, taggers of names, or, with --vectors, linear "
        "probes of each vector of a frozen encoder. Resumable: call it again after an interruption.",
    )
    parser.add_argument("output", type=Path, help="file of results, one line of JSON a run")
    parser.add_argument("--checkpoint", default="minilm", help="alias, folder or hub name")
    parser.add_argument(
        "--budgets",
        default="100:3,500:5,2000:3,6824:1",
        type=labels_and_seeds,
        metavar="LABELS:SEEDS,...",
        help="labels:seeds, separated by commas (default: %(default)s)",
    )
    parser.add_argument("--shift", action="store_true", help="one budget, 2,000 labels; predict IMDb as well")
    parser.add_argument("--entities", action="store_true", help="taggers of entities, three seeds")
    parser.add_argument("--vectors", action="store_true", help="probes of each layer and pooling, five seeds")
    options = parser.parse_args(arguments)
    try:
        if options.shift:
            domain_shift(options.output, checkpoint=options.checkpoint)
        elif options.entities:
            entity_tagging(options.output, checkpoint=options.checkpoint)
        elif options.vectors:
            vector_study(options.output, checkpoint=options.checkpoint)
        else:
            label_efficiency(options.output, checkpoint=options.checkpoint, budgets=options.budgets)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")


def labels_and_seeds(pairs: str) -> dict[int, int]:
    return {int(labels): int(seeds) for labels, seeds in (pair.split(":") for pair in pairs.split(","))}


if __name__ == "__main__":
    main()
