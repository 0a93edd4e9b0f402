"""Early warnings as the workbench keeps them, taken in from the engine."""
