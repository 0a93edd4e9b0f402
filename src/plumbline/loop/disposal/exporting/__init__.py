"""Lists of disposals that leave the workbench: masked at once, with names and numbers after two others agreed."""
