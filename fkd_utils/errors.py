"""The one error that is meant for the reader."""


class InputError(ValueError):
    """Something the reader gave cannot be used; the message says what, where and what to do."""
