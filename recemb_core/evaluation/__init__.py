"""Scores, each with its chance level or interval."""
