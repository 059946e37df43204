"""Names of the course's tasks, for ``prevlib evaluate --help``, which must not load the tasks themselves."""

COURSE_TASKS = ("sentiment", "entities", "eras")  # ``evaluation.inputs`` builds them
