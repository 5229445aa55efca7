"""HTTP without the hospital: strict JSON, problem details, log, metrics, authentication, threads.

Door: `problems`, `strict_json.parse`, `authentication.Authority`, `workers.Workers`.
"""
