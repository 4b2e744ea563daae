"""One function per user action: the only doorway for the command line and, later, the web."""
