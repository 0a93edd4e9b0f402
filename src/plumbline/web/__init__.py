"""The workbench: settings, addresses, the shell of its pages, and the cockpit."""
