"""What a deployment sees of a server that runs: metrics, logs, traces and a log of requests, each only if asked for."""
