"""The UI as a person sees it: a real server, a real Chromium, the content of the pages."""
