"""From the values of masks to classes: label maps, class lists, presets."""
