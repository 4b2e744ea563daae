"""The web application: parse a request, call `app`, show a page. Knows no rule of the trial."""
