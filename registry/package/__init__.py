"""The model package: a directory of inert files, named and digested by its manifest.

Door: `manifest.load_package`, `manifest.write_package`.
"""
