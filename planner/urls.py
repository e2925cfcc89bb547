"""The site map: one path() per page and fragment."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
