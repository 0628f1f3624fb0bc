"""ltv-platform: what customers are worth and which campaigns earn their money back."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("ltv-platform")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0+unknown"
