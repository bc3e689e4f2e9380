"""Errors that mean "the input is wrong": each is one clear message for the person who gave it."""


class InputError(ValueError):
    """Something given from outside cannot be used; the message says what, where and what to do."""


class ContractError(InputError):
    """A study folder breaks the data contract; names file, column, first bad row and what was expected."""


class ImageError(InputError):
    """A file cannot be used as an image; the message is the reason listed in ``rejected``."""


class MissingFileError(InputError):
    """A file that was named is not there."""
