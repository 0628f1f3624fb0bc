"""The UI as a person sees it: a real server, a real Chromium, what stands on the pages."""
