"""Exports of shops, payment providers, ad networks and attribution partners, errors included."""
