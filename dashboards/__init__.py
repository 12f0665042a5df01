"""What is seen: the Dash application, its panels, figures, theme and assets."""
