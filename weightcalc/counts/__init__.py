"""Class counts: added up, saved, loaded, compared."""
