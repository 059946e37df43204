"""Where a model runs fastest, and in which number type."""

import torch


def best_device() -> torch.device:
    """The accelerator if there is one, else the CPU.

    Returns:
        Where models run.
    """
    return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")


def has_bf16(device: torch.device) -> bool:
    """Whether the device computes in bfloat16 natively; emulated, it would be slower than float32.

    Args:
        device: Where a model will run.
    Returns:
        Whether ``dtype="bfloat16"`` pays there.
    """
    if device.type == "cpu":
        # torch has no public name for this question; oneDNN may be told to leave instructions out.
        native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
        return native and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
