"""What a package of beds learns besides demand: who of the emergency department is admitted, and when patients board.

Door: `admission_fit.learn_admissions`, `boarding_fit.learn_boarding`.
"""
