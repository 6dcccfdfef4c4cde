"""The audit log's page: who did what to what, from where, when (PLT-07)."""
