"""Small forms of what broke in use: each file is made by its test; README.md has a line for each."""
