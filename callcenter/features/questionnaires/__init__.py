"""Questionnaires: questions to a client in a talk, his answers, their report (OUT-36 … OUT-38, REC-09)."""
