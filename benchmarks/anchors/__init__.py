"""Vigie beside outside anchors on the same rows: what an expert would do in an hour, and the field's classics."""
