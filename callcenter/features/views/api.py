"""The door to saved views for the lists that offer them."""

from callcenter.features.views.models import SavedView
from callcenter.features.views.usecases import last, remember, views

__all__ = ["SavedView", "last", "remember", "views"]
