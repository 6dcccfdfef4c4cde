"""The outside of recordings: Asterisk's folder of raw files, ffmpeg, disks, the folder of converted copies."""
