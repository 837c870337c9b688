"""The topics of a log filter in one shape."""

from __future__ import annotations

from collections.abc import Sequence

from carbonledger.errors import Malformed


def normal_topics(topics: Sequence[bytes | Sequence[bytes] | None] | None) -> list[Sequence[bytes] | None]:
    """For each place what the topic may be, or None for anything; Malformed for more than four places.

    An empty choice means anything, as in eth_getLogs; places at the end without a wish are left out.
    """
    wanted: list[Sequence[bytes] | None] = []
    for allowed in topics or ():
        choice = [allowed] if isinstance(allowed, bytes) else list(allowed or ())
        if any(len(topic) != 32 for topic in choice):
            raise Malformed("topic", expected="32 bytes", found=[len(topic) for topic in choice])
        wanted.append(choice or None)
    if len(wanted) > 4:
        raise Malformed("topics", expected="at most 4", found=len(wanted))
    while wanted and wanted[-1] is None:
        wanted.pop()
    return wanted
