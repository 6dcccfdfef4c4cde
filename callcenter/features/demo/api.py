"""The demo's telephones, for the demo command that runs the robots."""

from callcenter.features.demo.gateway import CallPlan, SippError, call, listen, speech, spoken_packets
from callcenter.features.demo.gateway.scenarios import agent as agent_scenario
from callcenter.features.demo.gateway.scenarios import carrier as carrier_scenario
from callcenter.features.demo.gateway.scenarios import crowd as crowd_scenario
from callcenter.features.demo.gateway.sipp import die_with_parent, end

__all__ = [
    "CallPlan",
    "SippError",
    "agent_scenario",
    "call",
    "carrier_scenario",
    "crowd_scenario",
    "die_with_parent",
    "end",
    "listen",
    "speech",
    "spoken_packets",
]
