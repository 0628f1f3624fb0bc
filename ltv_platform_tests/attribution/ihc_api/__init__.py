"""Scoring by the IHC API: the client, the simulator, what is sent and kept."""
