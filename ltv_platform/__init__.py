"""ltv-platform: what customers are worth and which campaigns earn their money back."""


def __getattr__(name: str) -> str:
    """``__version__``, looked up where it is asked for: every command imports this module."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        return version("ltv-platform")
    except PackageNotFoundError:  # a checkout that was never installed
        return "0+unknown"
