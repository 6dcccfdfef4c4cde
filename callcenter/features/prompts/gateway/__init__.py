"""ffmpeg, espeak-ng and the files on the disk."""
