"""Processes killed at random moments, and a look at whether anybody could tell afterwards.

``stream`` makes random files, ``homes`` compares one LTV_HOME with another, ``kills`` starts
commands and kills them; ``make chaos`` runs all of it by a seed.
"""
