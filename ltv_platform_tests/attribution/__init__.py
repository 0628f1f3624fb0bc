"""Journeys, the credit of models, and channel figures."""
