"""What an HTTP address in a setting looks like."""

import re
from urllib.parse import urlsplit

#: The end of a message about any other text.
AN_ADDRESS = "must be http:// or https:// and a host, such as https://example.com"


def is_address(value: str) -> bool:
    """Whether a text is an absolute HTTP or HTTPS address with a host."""
    try:
        parts = urlsplit(value)
        # Reading the port validates it.
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return False
    return bool(usable) and not re.search(r"\s", value)
