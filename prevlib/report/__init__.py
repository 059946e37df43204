"""What an evaluation is made of, from a task to a card. Empty, since ``--help`` must not load the rest."""

COURSE_TASKS = ("sentiment", "entities", "eras")  # ``course_tasks.py`` builds them
