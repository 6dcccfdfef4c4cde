"""Scripts of talks: what an agent says, how a talk can end, and how it did (OUT-23 … OUT-31, INB-33)."""
