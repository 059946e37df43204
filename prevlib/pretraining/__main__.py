"""Pre-training from a terminal: ``python -m prevlib.pretraining --help``."""

import os
import sys
from collections.abc import Sequence

import psutil
import torch
from accelerate.commands.launch import launch_command_parser
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
    start_processes_on_cpu(arguments)
    try:
        pretrain(config)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")


def start_processes_on_cpu(arguments: Sequence[str]) -> None:
    """Become the several processes that ``accelerate launch --num_processes`` was asked for.

    Without GPUs and without MPI, ``accelerate launch`` starts a single process and says nothing. It leaves
    a port for the processes to meet, but no ``RANK``: by that it is recognised, and torch's own launcher
    takes the place of this process.
    """
    if "MASTER_PORT" not in os.environ or "RANK" in os.environ or torch.accelerator.is_available():
        return
    launcher = psutil.Process().parent().cmdline()
    asked = launch_command_parser().parse_args(launcher[launcher.index("launch") + 1 :])
    machines = asked.num_machines or 1
    run = [sys.executable, "-m", "torch.distributed.run"]
    run += [f"--nnodes={machines}", f"--node_rank={asked.machine_rank or 0}"]
    run += [f"--nproc_per_node={asked.num_processes // machines}"]
    run += [f"--master_addr={os.environ['MASTER_ADDR']}", f"--master_port={os.environ['MASTER_PORT']}"]
    os.execv(sys.executable, [*run, "-m", "prevlib.pretraining", *arguments])


if __name__ == "__main__":
    main()
