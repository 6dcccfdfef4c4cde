"""The database: engine, sessions that belong to one business, base classes. No feature's tables stand here."""
