"""Time, disk and network as fakes behind the room's own ports, moved by a seed: for simulation and drills.

Nothing here is faster or kinder than the real thing: the disk is slow, full and forgets what was not flushed,
the network delays, repeats, reorders, stalls and breaks, and time passes only where somebody waits.
"""

from opsroom.simulated.disk import Disk, DiskLog, DiskOffload
from opsroom.simulated.loop import Deadlock, VirtualLoop
from opsroom.simulated.network import Network, Peer, Weather

__all__ = ["Deadlock", "Disk", "DiskLog", "DiskOffload", "Network", "Peer", "VirtualLoop", "Weather"]
