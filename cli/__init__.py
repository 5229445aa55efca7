"""The command line: one verb a job, each importing only what it needs. Its door is `cli.main.main`."""
