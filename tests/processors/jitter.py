"""A start-up file for the kernels of notebooks: what another processor would round differently, made larger.

Every hidden state and logit is multiplied by 1 + 1e-4 times a standard normal number, about a hundred times
what rounding does to it, and so is every coefficient of a linear classifier of scikit-learn when it scores.
The noise depends on the tokens of a text and on nothing else, so the text gets the same noise alone, in any
batch, and in every run.

One draw tips about half of the outputs that stand on an edge; ``JITTER_SEED`` asks for another one.

IPython runs this file when ``PYTHONSTARTUP`` names it; the library does not know about it.
"""


def install():
    """Hook into torch, transformers and scikit-learn; the names stay in here, out of the notebook's sight."""
    import os

    import numpy as np
    import torch
    from sklearn.linear_model._base import LinearClassifierMixin
    from torch import nn
    from transformers import PreTrainedModel
    from transformers.modeling_layers import GradientCheckpointingLayer

    size, widest, fewest_words = 65_537, 50_000, 1_000
    seed = int(os.environ.get("JITTER_SEED", 1))
    table = torch.randn(size + widest, generator=torch.Generator().manual_seed(seed))
    factor = 6_364_136_223_846_793_005  # its powers wrap around, as in a hash
    powers = torch.cumprod(torch.full((4096,), factor), dim=0)
    last = {"keys": None, "depth": 0}  # the texts in the model, and the layers that they have passed

    def row_keys(input_ids, padding_idx):
        """One number for each row; padding, on either side, does not count. Shapes (batch,), (batch, seq)."""
        input_ids = input_ids.cpu()
        is_real = torch.ones_like(input_ids) if padding_idx is None else (input_ids != padding_idx).long()
        places = is_real.cumsum(dim=1)
        keys = ((input_ids + 1) * powers[places] * is_real).sum(dim=1) >> 16
        return keys, places

    def noisy(values):
        """``values`` times one plus noise, shape (batch, seq, width) or (batch, width)."""
        keys, places = last["keys"] or (torch.zeros(1, dtype=torch.long), None)
        if len(keys) != len(values):  # positions picked from many rows: the noise goes by their order
            keys, places = torch.arange(len(values)), None
        starts = keys + 104_729 * last["depth"]
        last["depth"] += 1
        if values.ndim == 3:
            same = places is not None and places.shape[1] == values.shape[1]
            starts = starts[:, None] + 7_919 * (places if same else torch.arange(values.shape[1]))
        noise = table.unfold(0, values.shape[-1], 1)[starts.remainder(size)]
        return values * (1 + 1e-4 * noise).to(values)

    def after_forward(module, args, output):
        if isinstance(module, nn.Embedding) and args[0].ndim == 2 and module.num_embeddings >= fewest_words:
            last.update(keys=row_keys(args[0], module.padding_idx), depth=0)
            return noisy(output)
        if isinstance(module, GradientCheckpointingLayer):
            return (noisy(output[0]), *output[1:]) if isinstance(output, tuple) else noisy(output)
        if isinstance(module, PreTrainedModel):
            if getattr(output, "logits", None) is not None:
                output.logits = noisy(output.logits)
            last["depth"] = 0
        return None

    decision_function = LinearClassifierMixin.decision_function

    def noisy_scores(self, X):
        exact = self.coef_
        try:
            noise = np.resize(table.numpy(), exact.shape)  # repeats itself
            self.coef_ = exact * (1 + 1e-4 * noise)
            return decision_function(self, X)
        finally:
            self.coef_ = exact

    nn.modules.module.register_module_forward_hook(after_forward)
    LinearClassifierMixin.decision_function = noisy_scores


if __name__ == "__main__":  # so does IPython run it; an import must change nothing
    install()
    del install
