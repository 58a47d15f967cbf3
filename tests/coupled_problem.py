"""A nonlinear system with time in it and a closed solution, in mpmath numbers of any precision.

q' = q^2 cos t and p' = (q - 1) q cos(t) p, solved by q = 1 / (3 - sin t) and p = exp(q) / q: from
(log p)' = (q - 1) q' / q follows log p = q - log q.
"""

from mpmath import matrix, mp


def solution(t):
    q = 1 / (3 - mp.sin(t))
    return matrix([q, mp.exp(q) / q])


def rate(t, x):
    q, p = x
    return matrix([q * q * mp.cos(t), (q - 1) * q * mp.cos(t) * p])


def jacobian(t, x):
    q, p = x
    return matrix([[2 * q * mp.cos(t), 0], [(2 * q - 1) * mp.cos(t) * p, (q - 1) * q * mp.cos(t)]])


def time_derivative(t, x):
    q, p = x
    return matrix([-q * q * mp.sin(t), -(q - 1) * q * mp.sin(t) * p])
