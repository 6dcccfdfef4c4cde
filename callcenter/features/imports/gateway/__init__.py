"""Files of imports: how uploads are kept, read in a process of their own, and how reports are written."""
