"""The demo: the whole way, from a simulated hospital to two explained answers. Its door is `run.run_demo`."""
