"""What can go wrong, each named for what its receiver may do about it."""


class Error(Exception):
    """Any of these."""


class Empty(Error):
    """There was no task within the time given."""


class Full(Error):
    """The queue is at its limit; the task was not added."""


class NoAnswer(Error):
    """The server did not answer: done or not, who knows."""


class LeaseLost(Error):
    """The lease ran out: another worker may have the task."""


class AlreadyDone(Error):
    """Another worker's outcome counts."""


class Failed(Error):
    """The task ended in the dead letters."""


class TimedOut(Error):
    """It did not happen within the time given."""


class NotFound(Error):
    """There is no such dead letter."""


class ServerError(Error):
    """The server refuses, with a number of its own."""

    def __init__(self, code, text):
        super().__init__('%s (code %s)' % (text, code))
        self.code = code
