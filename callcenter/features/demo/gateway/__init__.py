"""SIPp as the demo's telephones: scenarios, their audio and the processes that play them."""

from callcenter.features.demo.gateway.audio import speech, spoken_packets
from callcenter.features.demo.gateway.sipp import CallPlan, SippError, call, listen

__all__ = ["CallPlan", "SippError", "call", "listen", "speech", "spoken_packets"]
