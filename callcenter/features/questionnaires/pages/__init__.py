"""Questionnaires over HTTP."""
