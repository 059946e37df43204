"""Checks of single arguments: a count is a whole number, a rate is finite, text is Unicode.

A wrong type rarely fails where it is passed. ``2.5`` epochs end in a ``TypeError`` of ``range``, a NumPy
integer in one of JSON an hour later, and a learning rate of NaN in weights of NaN. So each argument is
checked and converted to plain Python once, where it enters the library.

Used by all files that take counts, rates or texts. Left out: shapes and tensors, which each function checks.
"""

import math
import numbers
import operator
from collections.abc import Callable
from functools import wraps


def check_count(name: str, value: object, low: int = 1, high: int | None = None) -> int:
    """Return a whole number as ``int``, whatever integer type it has.

    Args:
        name: Of the argument, for the error.
        value: What was passed.
        low, high: The smallest and the largest value allowed; no largest one if None.
    Returns:
        The same number, of type ``int``.
    Raises:
        TypeError: If ``value`` is not a whole number; ``True`` and ``2.0`` are none.
        ValueError: If it is out of range.
    Example:
        >>> check_count("batch_size", 32)
        32
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise TypeError(
            f"`{name}` must be a whole number, {_range(low, high)}; got {_shown(value)}. Pass an int."
        ) from None
    if number < low or (high is not None and number > high):
        raise ValueError(f"`{name}` must be {_range(low, high)}; got {number}.")
    return number


def check_number(
    name: str, value: object, low: float, high: float | None = None, open_low: bool = False
) -> float:
    """Return a finite real number as ``float``, whatever type of number it has.

    Args:
        name: Of the argument, for the error.
        value: What was passed.
        low, high: The smallest and the largest value allowed. Infinity is allowed only as ``high``.
        open_low: Whether ``low`` itself is not allowed.
    Returns:
        The same number, of type ``float``.
    Raises:
        TypeError: If ``value`` is not a number.
        ValueError: If it is out of range, NaN or infinite.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(
            f"`{name}` must be a number, {_range(low, high, open_low)}; got {_shown(value)}. "
            "Write it without quotes; YAML reads 1e-3 as text, and 1.0e-3 as a number."
        )
    number = float(value)
    in_range = low < number if open_low else low <= number
    if not (in_range and (number <= high if high is not None else math.isfinite(number))):
        raise ValueError(f"`{name}` must be {_range(low, high, open_low)}; got {number:g}.")
    return number


def check_unicode(what: str, text: str) -> None:
    """Raise unless ``text`` can be encoded, as tokenizers and files need it.

    Args:
        what: Name of the text, for the error.
        text: Any string.
    Raises:
        ValueError: If there is half of a surrogate pair in it, which stands for no character.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        half = text[error.start]
        raise ValueError(
            f"{what} must be valid Unicode; got half of a surrogate pair, {half!r}, at character "
            f"{error.start}. The text was cut or decoded wrongly: read it again as UTF-8, or drop it."
        ) from None


def renamed(old: str, new: str) -> Callable[[Callable], Callable]:
    """Decorator of a function whose argument has a new name: who passes the old one is told the new one.

    Args:
        old, new: Names of the argument.
    Returns:
        What takes the function and returns it with this check.
    """

    def decorate(function: Callable) -> Callable:
        @wraps(function)
        def checked(*args, **options):
            if old in options:
                name = function.__name__
                raise TypeError(
                    f"`{name}` must be called with `{new}`; got `{old}`, its old name. Rename it."
                )
            return function(*args, **options)

        return checked

    return decorate


def _range(low: float, high: float | None, open_low: bool = False) -> str:
    if high is None or high == math.inf:
        return f"above {low:g}" if open_low else f"at least {low:g}"
    return f"above {low} and at most {high}" if open_low else f"from {low} to {high}"


def _shown(value: object) -> str:
    return f"{str(value)[:40]!r}" if isinstance(value, str) else f"{value!r:.60} ({type(value).__name__})"
