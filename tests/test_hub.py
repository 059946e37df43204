"""The Hugging Face hub: loaded from once, read from the cache afterwards, and clear about its failures.

A local server speaks as much of the hub's protocol as the download needs. The loads run in other processes,
because the hub client reads the address of its hub and the place of its cache when it is imported.
"""

import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest
from small_models import save_small_bert

WHOLE, CUT, PORTAL = "someone/some-bert", "someone/cut-bert", "someone/portal-bert"
UNKNOWN, NOT_CACHED = "someone/no-such-bert", "someone/other-bert"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
WANTED = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]
UNWANTED = ["pytorch_model.bin", "onnx/config.json", "onnx/model.onnx", "openvino/model.safetensors"]

LOAD = """
import hashlib, json, sys
from prevlib.checkpoints import load_encoder, load_tokenizer

for name in sys.argv[1:]:
    try:
        encoder, tokenizer = load_encoder(name), load_tokenizer(name)
    except Exception as error:
        print(json.dumps(f"{type(error).__name__}: {error}"))
    else:
        weights = b"".join(weight.numpy().tobytes() for weight in encoder.state_dict().values())
        vector = encoder(**tokenizer("a fine film", return_tensors="pt")).pooler_output.tolist()
        print(json.dumps([hashlib.sha256(weights).hexdigest(), vector]))
"""


class Hub(ThreadingHTTPServer):
    """Two repositories with the same files, one of them sent in halves, and one behind a log-in page."""

    def __init__(self, files: dict[str, bytes]):
        super().__init__(("127.0.0.1", 0), Answer)
        self.files = files
        self.cuts = True
        self.requests = []
        self.endpoint = f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    """As much of the hub's protocol as ``snapshot_download`` speaks; Xet storage is not announced."""

    def do_GET(self):
        self.server.requests.append(f"{self.command} {self.path}")
        files = self.server.files
        path = rf"(?:/api/models)?/(\w+/[\w-]+)/(revision|tree|resolve/{COMMIT})/([^?]+)"
        match = re.match(path, self.path)
        name, action, file = match.groups() if match else (None, None, None)
        if name == PORTAL:
            self.answer(b"<html>Accept our conditions</html>")
        elif name not in (WHOLE, CUT):
            self.answer(b"", status=404, headers={"X-Error-Code": "RepoNotFound"})
        elif action == "revision":
            self.answer({"id": name, "sha": COMMIT, "siblings": [{"rfilename": path} for path in files]})
        elif action == "tree":
            sizes = [{"path": path, "size": len(body), "oid": sha256(body)} for path, body in files.items()]
            self.answer([{"type": "file"} | size for size in sizes])
        else:
            headers = {"ETag": f'"{sha256(files[file])}"', "X-Repo-Commit": COMMIT}
            cut = self.server.cuts and name == CUT and file == "model.safetensors"
            self.answer(files[file], headers=headers, cut=cut)

    do_HEAD = do_GET

    def answer(self, body, *, status=200, headers=(), cut=False):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for header, value in (dict(headers) | {"Content-Length": len(body)}).items():
            self.send_header(header, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body[: len(body) // 2] if cut else body)  # HTTP/1.0 hangs up after each

    def log_message(self, *args):
        """Nothing on the screen: ``requests`` is the log."""


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def load_each(*names, home, endpoint, offline=False) -> list:
    """Of each name the hash of the weights and a vector, or the error."""
    reserved = re.compile("HF_|HUGGING|TRANSFORMERS_|.*_PROXY", re.IGNORECASE)
    env = {key: value for key, value in os.environ.items() if not reserved.match(key)}
    env |= {"HF_HOME": str(home), "HF_ENDPOINT": endpoint, "HF_HUB_OFFLINE": str(int(offline))}
    command = [sys.executable, "-c", LOAD, *map(str, names)]
    run = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    return [json.loads(line) for line in run.stdout.splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_small_bert(tmp_path_factory.mktemp("hub"), hidden_size=16)


@pytest.fixture(scope="module")
def hub(folder):
    files = {name: (folder / name).read_bytes() for name in WANTED}
    with Hub(files | dict.fromkeys(UNWANTED, b"another format")) as hub:
        thread = threading.Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield hub
        hub.shutdown()
        thread.join()


class FirstLoad(NamedTuple):
    home: Path
    from_folder: list
    whole: list
    unknown: str
    portal: str
    cut: str


@pytest.fixture(scope="module")
def first(folder, hub, tmp_path_factory):
    """One process with an empty cache asks for the folder that the hub serves, and for all its names."""
    home = tmp_path_factory.mktemp("home")
    loads = load_each(folder, WHOLE, UNKNOWN, PORTAL, CUT, home=home, endpoint=hub.endpoint)
    hub.cuts = False
    return FirstLoad(home, *loads)


@pytest.fixture
def nowhere():
    """An address that refuses connections: the port is taken, but nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def test_the_first_load_fetches_each_file_that_it_needs_once(first, hub):
    gets = Counter(request for request in hub.requests if request.startswith(f"GET /{WHOLE}/"))
    assert gets == {f"GET /{WHOLE}/resolve/{COMMIT}/{file}": 1 for file in WANTED}
    assert first.whole == first.from_folder


@pytest.mark.parametrize("offline, reason", [(False, "Got: ConnectError: "), (True, "Cannot find .* cached")])
def test_without_a_network_the_cache_must_do(first, nowhere, offline, reason):
    """A cached model is the same in another process; what is not, or only in part, is not made up."""
    names = WHOLE, NOT_CACHED, CUT
    whole, not_cached, part = load_each(*names, home=first.home, endpoint=nowhere, offline=offline)
    assert whole == first.whole
    assert_explained(not_cached, NOT_CACHED, f"LocalEntryNotFoundError: {reason}")
    assert_explained(part, CUT, r"IncompleteSnapshotError: .* 1 file.* missing \(model.safetensors\)")


def test_an_unknown_name_is_refused_with_the_words_of_the_hub_client(first):
    assert_explained(first.unknown, UNKNOWN, "RepositoryNotFoundError: 404 Client Error")


def test_a_page_that_is_not_of_the_hub_is_refused(first):
    """The log-in page of a hotel, for instance."""
    assert_explained(first.portal, PORTAL, "JSONDecodeError: ")


def test_half_of_the_weights_are_not_taken_for_all(first, hub, tmp_path):
    assert_explained(first.cut, CUT, "RemoteProtocolError: .* without sending complete message")
    home = shutil.copytree(first.home, tmp_path / "home", symlinks=True)
    assert load_each(CUT, home=home, endpoint=hub.endpoint) == [first.whole]


def assert_explained(text, name, reason):
    rule = r"`name` must be an embedded checkpoint \('minilm'.*\), a folder, or a model of the Hugging Face"
    pattern = rf"FileNotFoundError: {rule} .*; got '{name}'\. Check .*\. The hub client said: {reason}"
    assert re.match(pattern, str(text)), text
