"""Problems, campaigns, recommendations, rectification, mechanisms, and whether they worked."""
