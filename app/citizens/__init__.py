"""Citizen reports 随手拍: a door without a sign-in, and what is kept of who came through it."""
