"""Inference: what runs a model over texts, and nothing of what is made of its answers."""

from prevlib.inference.batches import (
    check_texts,
    encode_texts,
    length_sorted_batches,
    longest_input,
    padded_batches,
    warn_of_cut,
)
from prevlib.inference.device import best_device, has_bf16
from prevlib.inference.packing import pack_linear_layers
from prevlib.inference.running import ready_to_run, run, run_on_texts
