"""What is trusted: model packages, gates, cards, board, releases, journal."""
