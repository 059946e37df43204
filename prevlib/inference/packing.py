"""The layout of weights in which a processor multiplies fastest, for models that are only run.

Nearly all work of an encoder is in its linear layers. oneDNN, which comes with torch, multiplies by weights
that it has laid out in blocks before; torch does so only in compiled models, which need a C++ compiler.
``pack_linear_layers`` asks for the same layout without one.
"""

import platform

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from prevlib.inference.device import has_bf16


class PackedLinear(nn.Module):
    """A linear layer for inference whose weights lie as oneDNN multiplies them."""

    def __init__(self, linear: nn.Linear, n_rows: int):
        super().__init__()
        self.weight = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach(), n_rows)
        self.bias = None if linear.bias is None else linear.bias.detach()

    def forward(self, x: Tensor) -> Tensor:
        return torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, "none", [], "")


def pack_linear_layers(model: PreTrainedModel, n_rows: int = 2048) -> PreTrainedModel:
    """Replace the linear layers of a model that will only be run, on a processor, by packed ones.

    The model computes the same up to rounding, and can no longer be trained or saved. Where torch lacks the
    layout (another processor, another number type), nothing is changed.

    Args:
        model: In evaluation mode; changed in place.
        n_rows: Tokens of a usual batch, for which the layout is chosen.
    Returns:
        The model.
    """
    parameter = next(model.parameters())
    if parameter.device.type != "cpu" or not _has_packed_layers():
        return model
    if parameter.dtype != torch.float32 and not (
        parameter.dtype == torch.bfloat16 and has_bf16(parameter.device)
    ):
        return model
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if type(child) is nn.Linear:
                setattr(module, name, PackedLinear(child, n_rows))
    return model


def _has_packed_layers() -> bool:
    return (
        platform.machine().lower() in ("x86_64", "amd64")
        and torch.backends.mkldnn.is_available()
        and all(hasattr(torch.ops.mkldnn, name) for name in ("_reorder_linear_weight", "_linear_pointwise"))
    )
