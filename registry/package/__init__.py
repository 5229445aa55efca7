"""The model package: a directory of inert files, named and digested by its manifest.

Door: `manifest.write_package`, `manifest.verify_package`.
"""
