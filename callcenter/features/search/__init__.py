"""One field that finds everything: clients, organisations, calls, employees, settings (PLT-02)."""
