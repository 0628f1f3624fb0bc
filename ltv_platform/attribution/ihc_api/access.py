"""Whether the settings are sufficient to use the IHC API, checked before anything is sent."""

from ltv_platform.errors import UserError
from ltv_platform.settings import API_KEY, Settings


def check_api_access(settings: Settings) -> None:
    """Check the settings of the API, if it is used.

    Raises:
        UserError: the key is not valid in a header, or LTV_IHC_CONVERSION_TYPE is not set.
    """
    if settings.uses_ihc_api:
        api_access(settings)


def api_access(settings: Settings) -> tuple[str, str]:
    """The key, and the trained model that scores (conv_type_id).

    Raises:
        UserError: the key is not valid in a header, or LTV_IHC_CONVERSION_TYPE is not set.
    """
    key = settings.ihc_api_key.get_secret_value().strip() if settings.ihc_api_key else ""
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise UserError(
            f"{API_KEY} is not a valid key: it contains a character that an HTTP header cannot "
            "contain.",
            "Copy it again from the API's dashboard, without quotes or line breaks.",
        )
    if not settings.ihc_conversion_type:
        raise UserError(
            "The IHC API cannot score journeys: LTV_IHC_CONVERSION_TYPE is not set.",
            "Set it to the conv_type_id that the API's dashboard shows, or set "
            "LTV_IHC_ENGINE=local.",
        )
    return key, settings.ihc_conversion_type
