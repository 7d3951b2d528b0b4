"""Rendering: a stack as data and as files, offline; a revision renders itself with this for `logstack diff`."""
