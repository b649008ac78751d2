"""A secret of the configuration."""

import attrs


@attrs.frozen
class Password:
    """A secret that shows itself nowhere."""

    text: str = attrs.field(repr=False)
