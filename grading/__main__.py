"""Two commands: ``python -m grading release SOURCE TARGET``, ``python -m grading grade SUBMISSIONS``."""

import sys

from grading import grade, release

COMMANDS = {"release": release.main, "grade": grade.main}


def main(given: list[str]) -> int | str | None:
    """The status to exit with; a text is an error."""
    if not given or given[0] not in COMMANDS:
        return f"usage: python -m grading {{{','.join(COMMANDS)}}} [options]"
    try:
        return COMMANDS[given[0]](given[1:])
    except (RuntimeError, ValueError) as error:
        return str(error)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
