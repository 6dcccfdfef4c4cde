"""The demo's robots: callers who can be sent to any number of the demo business."""
