"""Cards: the list, a card, and what can be done to it."""

from django.urls import path

from cards import actions, issuing, previews, reveal_views, views

app_name = "cards"
urlpatterns = [
    path("", views.listing, name="list"),
    path("export/", views.export, name="export"),
    path("by-id/<path:codego_id>/", views.by_id, name="by_id"),
    path("issue/<int:pk>/", issuing.issue, name="issue"),
    path("claim/<uuid:pk>/", issuing.claim, name="claim"),
    path("undo/<uuid:pk>/", actions.undo, name="undo"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/preview/", previews.card, name="preview"),
    path("<int:pk>/lock/", actions.lock, name="lock"),
    path("<int:pk>/unlock/", actions.unlock, name="unlock"),
    path("<int:pk>/activate/", actions.activate, name="activate"),
    path("<int:pk>/cancel/", actions.cancel, name="cancel"),
    path("<int:pk>/limit/", actions.limit, name="limit"),
    path("<int:pk>/reveal/", reveal_views.number_page, name="reveal"),
    path("<int:pk>/reveal/number/", reveal_views.number, name="number"),
    path("<int:pk>/reveal/pin/", reveal_views.pin, name="pin_view"),
    path("<int:pk>/pin/", reveal_views.pin_page, name="pin"),
    path("<int:pk>/replace/", issuing.replace, name="replace"),
    path("<int:pk>/replaced/", issuing.replaced, name="replaced"),
]
