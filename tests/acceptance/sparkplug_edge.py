"""An edge node of pysparkplug that does what it is told, a line each; run in an environment of its own."""

import sys

import pysparkplug as spb
from pysparkplug import DataType, DBirth, DData, Message, MessageType, Metric, NBirth, NDeath, QoS, Topic

BD = Metric(timestamp=1, name="bdSeq", datatype=DataType.INT64, value=4)


def topic(kind: MessageType, device: "str | None" = None) -> Topic:
    return Topic(message_type=kind, group_id="plant", edge_node_id="edge", device_id=device)


def metric(value: float, t_ms: int, name: "str | None" = "Temp", *, historical: bool = False) -> Metric:
    return Metric(
        timestamp=t_ms, name=name, datatype=DataType.DOUBLE, value=value, alias=7, is_historical=historical
    )


def main(port: int) -> None:
    client = spb.Client(client_id="edge")
    client.set_will(
        Message(topic(MessageType.NDEATH), NDeath(timestamp=1, bd_seq_metric=BD), QoS.AT_LEAST_ONCE, False)
    )
    client.subscribe(
        topic(MessageType.NCMD), QoS.AT_LEAST_ONCE, lambda _client, _message: print("rebirth", flush=True)
    )
    client.connect("127.0.0.1", port=port)
    for line in sys.stdin:
        word, *numbers = line.split()
        if word == "birth":
            t_ms, value = int(numbers[0]), float(numbers[1])
            node = NBirth(timestamp=t_ms, seq=0, metrics=(BD,))
            device = DBirth(timestamp=t_ms, seq=1, metrics=(metric(value, t_ms),))
            client.publish(
                Message(topic(MessageType.NBIRTH), node, QoS.AT_MOST_ONCE, False), include_dtypes=True
            )
            client.publish(
                Message(topic(MessageType.DBIRTH, "kiln"), device, QoS.AT_MOST_ONCE, False),
                include_dtypes=True,
            )
        else:
            seq, t_ms, value = int(numbers[0]), int(numbers[1]), float(numbers[2])
            told = DData(
                timestamp=t_ms, seq=seq, metrics=(metric(value, t_ms, None, historical=word == "history"),)
            )
            client.publish(
                Message(topic(MessageType.DDATA, "kiln"), told, QoS.AT_MOST_ONCE, False), include_dtypes=True
            )


main(int(sys.argv[1]))
