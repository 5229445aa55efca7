"""What a service does when more is asked of it than it can bear, and what hours of load leave behind in it."""
