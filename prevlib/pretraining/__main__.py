"""Pre-training from a terminal: ``python -m prevlib.pretraining --help``."""

import sys
from collections.abc import Sequence

from transformers import HfArgumentParser

from prevlib.pretraining.run import PretrainConfig, pretrain


def main(arguments: Sequence[str] | None = None) -> None:
    """Read a YAML file of settings, or flags, and run."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    parser = HfArgumentParser(
        PretrainConfig,
        prog="python -m prevlib.pretraining",
        description="Pre-train a BERT by masked-language modelling. Settings are flags, or one YAML file "
        "with the same names. Resumable: call it again after an interruption.",
    )
    if len(arguments) == 1 and arguments[0].endswith((".yaml", ".yml")):
        (config,) = parser.parse_yaml_file(arguments[0])
    else:
        (config,) = parser.parse_args_into_dataclasses(arguments)
    if config.output_dir is None:
        parser.error("`output_dir` must name a folder for the model: --output_dir build/my-bert")
    pretrain(config)


if __name__ == "__main__":
    main()
