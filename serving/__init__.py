"""From a request to an explained forecast, a human decision and its record."""
