"""Pre-training from a terminal: ``python -m prevlib.pretraining --help``."""

import os
import sys
from collections.abc import Sequence

import torch
from accelerate import PartialState
from transformers import HfArgumentParser
from yaml import YAMLError

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
    try:
        if len(arguments) == 1 and arguments[0].endswith((".yaml", ".yml")):
            (config,) = parser.parse_yaml_file(arguments[0])
        else:
            (config,) = parser.parse_args_into_dataclasses(arguments)
    except (AttributeError, OSError, TypeError, ValueError, YAMLError) as error:  # what files of settings do
        sys.exit(f"error: {error}")
    if config.output_dir is None:
        parser.error("`output_dir` must name a folder for the model: --output_dir build/my-bert")
    # Without GPUs, `accelerate launch` starts one process, however many were asked for, and says nothing.
    asked_for_several = "MASTER_PORT" in os.environ and "RANK" not in os.environ
    state = PartialState(cpu=not torch.accelerator.is_available())
    if asked_for_several and state.num_processes == 1:
        sys.exit(
            "error: Several processes on CPUs must be started by torchrun; got one, from accelerate launch. "
            "Use torchrun --nproc_per_node 2 -m prevlib.pretraining ..."
        )
    try:
        pretrain(config)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
