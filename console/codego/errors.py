"""What can go wrong when the provider is called, told apart by what the caller may do next.

CodegoError
 ├ NotSent            surely had no effect: no connection, a slot refused, the circuit open
 ├ OutcomeUnknown     a write whose answer was lost: timeout, reset, 5xx, a 2xx that cannot be read
 ├ Unavailable        a read that failed after its retries: timeout, reset, 5xx
 ├ Unreadable         a 2xx to a read, or a record, that cannot be understood
 └ Refused            the provider said no (4xx)
    ├ BadRequest      400, 422
    ├ Unauthorized    401, 403: the key, or an address that is not on the provider's list
    ├ NoSuchRoute     404 that names a path: this provider lacks the feature
    ├ NoSuchObject    404 without one
    ├ Conflict        409
    └ RateLimited     429, after waiting as long as this caller may
"""

from typing import ClassVar


class CodegoError(Exception):
    """`path` is the route's template (`/cards/{id}`): an error never carries ids, keys or bodies."""

    retry_may_help: ClassVar[bool] = False

    def __init__(
        self,
        message: str = "",
        *,
        method: str = "",
        path: str = "",
        status: int | None = None,
        provider_error: str = "",
        provider_message: str = "",
    ) -> None:
        super().__init__(message)
        self.method = method
        self.path = path
        self.status = status
        self.provider_error = provider_error
        self.provider_message = provider_message


class NotSent(CodegoError):  # noqa: N818 - named by what happened, as are the others
    retry_may_help = True


class OutcomeUnknown(CodegoError):  # noqa: N818
    """Settle it by reading; never by sending again."""


class Unavailable(CodegoError):  # noqa: N818
    retry_may_help = True


class Unreadable(CodegoError):  # noqa: N818
    """Reading again is harmless, and a page put in the way by a proxy passes."""

    retry_may_help = True


class Refused(CodegoError):  # noqa: N818
    pass


class BadRequest(Refused):
    pass


class Unauthorized(Refused):
    pass


class NoSuchRoute(Refused):
    pass


class NoSuchObject(Refused):
    pass


class Conflict(Refused):
    pass


class RateLimited(Refused):
    """`wait` is what the provider asked for in seconds, None when it did not say so readably."""

    retry_may_help = True
    wait: float | None = None
