"""The demo: the whole way, from a simulated hospital to two explained answers.

Door: `run.run_demo`.
"""
