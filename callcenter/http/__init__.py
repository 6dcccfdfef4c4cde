"""HTTP for every feature: server, sign-in, permissions, CSRF, rendering, API description."""
