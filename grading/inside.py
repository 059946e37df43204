"""Inside the sandbox: run a notebook, then put questions to what it has defined.

Nothing in here is secret, and nothing that comes out is believed: the work of a
learner runs in the same sandbox and may read this file, stop this process or
write in its name. All it can change is the data that `score.py` compares.

One JSON object a line. In: the notebook; once it was run, questions. Out: which
cell or question is being worked on, the notebook as it was run, answers. A cell
that takes too long, takes too much memory or kills its kernel is named and ends
the process; whoever started it may start it again without that cell.
"""

import json
import os
import resource
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError

HERE = Path(__file__).parent
EXCHANGE = Path(sys.argv[1])  # questions and answers; apart from the learner's files, which may fill a disk
OUTPUT_BYTES = 200_000  # of a cell; more is left out


def take_over_stdout():
    """A stream for answers; what else is written to stdout goes to stderr."""
    stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def send(**message):
        stream.write(json.dumps(message) + "\n")
        stream.flush()

    return send


def set_limits(memory_mb, processes, seconds):
    """For this process and all that it starts; none of them can raise them."""
    for name, value in [
        ("RLIMIT_CORE", 0),
        ("RLIMIT_CPU", seconds),
        ("RLIMIT_DATA", memory_mb << 20),
        ("RLIMIT_NPROC", processes),
    ]:
        if value is not None:
            resource.setrlimit(getattr(resource, name), (value, value))


def ran_out_of_memory(cell):
    names = [o.get("ename") for o in cell.outputs if o.output_type == "error"]
    return "MemoryError" in names


def run_cells(client, skip, send):
    """Run the cells but those in `skip`; False if one of them was too much."""
    for index, cell in enumerate(client.nb.cells):
        if cell.cell_type != "code" or index in skip:
            continue
        send(cell=index)
        try:
            client.execute_cell(cell, index)
        except CellTimeoutError:
            return send(lost="time")
        except DeadKernelError:
            return send(lost="died")
        if ran_out_of_memory(cell):
            return send(lost="memory")
        if len(json.dumps(cell.outputs)) > OUTPUT_BYTES:
            note = "More was printed than is kept.\n"
            cell.outputs = [nbformat.v4.new_output("stream", text=note)]
    return True


def put_question(client, question, send):
    """Call the answer in the kernel, on one list of arguments after another."""
    send(question=question["id"])
    files = [EXCHANGE / "question.json", EXCHANGE / "answers.json"]
    files[0].write_text(json.dumps(question))
    files[1].unlink(missing_ok=True)
    names = {"question": str(files[0]), "answers": str(files[1])}
    call = f"run_path({str(HERE / 'ask.py')!r}, {{'defined': globals(), **{names}}})"
    cell = nbformat.v4.new_code_cell(f"_ = __import__('runpy').{call}")
    client.nb.cells.append(cell)
    try:
        client.execute_cell(cell, len(client.nb.cells) - 1)
    except CellTimeoutError:
        return send(lost="time")
    except DeadKernelError:
        return send(lost="died")
    found = json.loads(files[1].read_text()) if files[1].exists() else None
    return send(answered=question["id"], answers=found) or True


def main():
    send = take_over_stdout()
    order = json.loads(sys.stdin.readline())
    set_limits(**order["limits"])
    client = NotebookClient(
        nbformat.from_dict(order["notebook"]),
        kernel_name="python3",
        timeout=order["cell_seconds"],
        allow_errors=True,
        resources={"metadata": {"path": os.environ["TMPDIR"]}},
    )
    with client.setup_kernel():
        if not run_cells(client, order["skip"], send):
            return
        send(executed=client.nb)
        while line := sys.stdin.readline():
            if not put_question(client, json.loads(line), send):
                return


if __name__ == "__main__":
    main()
