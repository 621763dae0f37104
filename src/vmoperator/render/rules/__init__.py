"""Rules that a VMAlert selects: what becomes of each object, and the files that vmalert reads."""
