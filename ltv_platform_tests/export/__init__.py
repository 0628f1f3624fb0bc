"""Published tables as files of other programs."""
