"""Journeys, the credit of the models, and channel figures."""
