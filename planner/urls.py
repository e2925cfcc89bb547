"""The site map: one path() per page and fragment."""

from django.urls import URLPattern, URLResolver, path

from planner.views import sign_in

urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
]
