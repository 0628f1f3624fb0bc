"""Whether the server is up and can answer."""

from fastapi import APIRouter

from ltv_platform.serving.services import Services


def router(services: Services) -> APIRouter:
    """The routes that say how the server is."""
    routes = APIRouter(tags=["health"])

    @routes.get("/healthz")
    def healthz() -> dict[str, str]:
        """Whether the process answers."""
        return {"status": "up"}

    return routes
