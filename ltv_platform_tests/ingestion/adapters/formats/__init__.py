"""Exports of shops, payment providers, ad networks and attribution partners, each with its dirt."""
