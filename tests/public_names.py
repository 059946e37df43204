"""What a room of the library offers: the names that its ``__init__.py`` imports."""

from types import ModuleType


def public_names(room: ModuleType) -> list[str]:
    """In their order, without sub-modules and names that begin with an underscore."""
    return [n for n, o in vars(room).items() if not n.startswith("_") and not isinstance(o, ModuleType)]
