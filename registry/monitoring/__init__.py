"""What is followed after a release: daily figures, sequential tests with a known false-alarm rate."""
