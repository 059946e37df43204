"""Checkpoints: whole or not at all, read without pickle, and the newest that is not damaged wins."""

import json
import warnings

import pytest
import torch
from torch import nn

from prevlib.training import load_checkpoint, save_checkpoint


class Tied(nn.Module):
    """Two layers that share one matrix, as word embeddings and the last layer of a BERT do."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(6, 3)
        self.decode = nn.Linear(3, 6)
        self.decode.weight = self.embed.weight


def trained(seed=0, n_steps=3):
    torch.manual_seed(seed)
    model = Tied()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    for _ in range(n_steps):
        model.decode(model.embed(torch.arange(6))).square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()
    return model, optimizer


def step(model, optimizer):
    model.decode(model.embed(torch.arange(6))).sum().backward()
    optimizer.step()
    return [p.detach().clone() for p in model.parameters()]


def equal(first, second):
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_what_is_loaded_goes_on_as_what_was_saved(tmp_path):
    model, optimizer = trained()
    path = save_checkpoint(tmp_path / "new", 3, model, optimizer, {"history": [1.5, None]})
    assert path == tmp_path / "new" / "checkpoint-00000003"
    other, other_optimizer = trained(seed=1, n_steps=1)
    assert load_checkpoint(tmp_path / "new", other, other_optimizer) == {"history": [1.5, None]}
    assert other.decode.weight is other.embed.weight
    assert equal(step(model, optimizer), step(other, other_optimizer))


def test_only_safetensors_and_json_are_written(tmp_path):
    path = save_checkpoint(tmp_path, 1, *trained(), {})
    names = sorted(file.name for file in path.iterdir())
    assert names == ["manifest.json", "model.safetensors", "optimizer.safetensors", "state.json"]
    manifest = json.loads((path / "manifest.json").read_text())
    assert sorted(manifest) == names[1:]
    assert all(entry["bytes"] == (path / name).stat().st_size for name, entry in manifest.items())


def test_the_newest_two_are_kept(tmp_path):
    for number in (1, 5, 10, 20):
        save_checkpoint(tmp_path, number, *trained(), {})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["checkpoint-00000010", "checkpoint-00000020"]


def test_nothing_there_is_none(tmp_path):
    assert load_checkpoint(tmp_path, *trained()) is None
    assert load_checkpoint(tmp_path / "missing", *trained()) is None


def flip_a_byte(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def cut(file):
    file.write_bytes(file.read_bytes()[:-7])


@pytest.mark.parametrize(
    "name, damage, reason",
    [
        ("model.safetensors", flip_a_byte, "model.safetensors differs from its size or sha256"),
        ("optimizer.safetensors", cut, "optimizer.safetensors differs from its size or sha256"),
        ("state.json", flip_a_byte, "state.json differs"),
        ("state.json", lambda file: file.unlink(), "state.json is missing"),
        ("manifest.json", lambda file: file.unlink(), "manifest.json is missing"),
        ("manifest.json", cut, "manifest.json cannot be read"),
        ("manifest.json", lambda file: file.write_text("[]"), "manifest.json lists"),
        ("manifest.json", lambda file: file.write_text("{}"), "manifest.json lists"),
    ],
)
def test_a_damaged_newest_is_skipped_with_a_message(tmp_path, name, damage, reason):
    model, optimizer = trained()
    save_checkpoint(tmp_path, 1, model, optimizer, {"step": 1})
    newest = save_checkpoint(tmp_path, 2, *trained(seed=3), {"step": 2})
    damage(newest / name)
    other, other_optimizer = trained(seed=4)
    with pytest.warns(UserWarning, match=f"Skipped the checkpoint .*checkpoint-00000002: .*{reason}"):
        assert load_checkpoint(tmp_path, other, other_optimizer) == {"step": 1}
    assert equal(model.parameters(), other.parameters())


def test_all_damaged_is_none_and_a_damaged_one_is_replaced(tmp_path):
    path = save_checkpoint(tmp_path, 2, *trained(), {})
    cut(path / "model.safetensors")
    with pytest.warns(UserWarning, match="Skipped"):
        assert load_checkpoint(tmp_path, *trained()) is None
    save_checkpoint(tmp_path, 2, *trained(), {"again": True})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_checkpoint(tmp_path, *trained()) == {"again": True}


def test_what_a_dead_process_left_is_not_taken_and_goes(tmp_path):
    half = tmp_path / ".unfinished-00000009"
    half.mkdir()
    (half / "model.safetensors").write_bytes(b"half")
    assert load_checkpoint(tmp_path, *trained()) is None
    save_checkpoint(tmp_path, 10, *trained(), {})
    assert not half.exists()


def test_a_failure_while_saving_leaves_the_older_one(tmp_path):
    save_checkpoint(tmp_path, 1, *trained(), {"step": 1})
    with pytest.raises(TypeError, match="not JSON serializable"):
        save_checkpoint(tmp_path, 2, *trained(), {"step": object()})
    assert load_checkpoint(tmp_path, *trained()) == {"step": 1}
