"""A warning is raised; people dispose of it; the loop is closed."""
