"""A virtual day of a call centre, against which a pacer is tried. Pure: all chance comes from a seed."""
