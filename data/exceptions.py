"""Errors that mean "the input is wrong": each is one clear message for the person who gave it."""


class InputError(ValueError):
    """Something given from outside cannot be used; the message says what, where and what to do.

    It is one line that any program can show: bytes of a name that are not UTF-8 are written as code points.
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.splitlines()).encode("utf-8", "backslashreplace").decode())


class ContractError(InputError):
    """A study folder breaks the data contract; names file, column, first bad row and what was expected."""


class ImageError(InputError):
    """A file cannot be used as an image; the message is the reason listed in ``rejected``."""


class MissingFileError(InputError):
    """A file that was named is not there."""


class InUseError(InputError):
    """Another program is writing what was to be written; says which, since when, and what to do."""
