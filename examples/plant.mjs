// A plant that feeds the room with node's own WebSocket: Node 22 or later (20 with --experimental-websocket).
const url = process.env.OPSROOM_URL ?? "ws://127.0.0.1:8040/api/v1/ingest";
const token = process.env.OPSROOM_TOKEN;
const waiting = []; // frames that the room has not acknowledged: they are sent again after a reconnection
let room;
let done = 0; // frames acknowledged on this connection

function connect() {
  room = new WebSocket(url);
  done = 0;
  room.onopen = () => [JSON.stringify({ type: "hello", token }), ...waiting].forEach((frame) => room.send(frame));
  room.onclose = room.onerror = () => (room.onclose = room.onerror = null, setTimeout(connect, 1000));
  room.onmessage = ({ data }) => {
    const told = JSON.parse(data);
    if (told.type !== "ack") return console.log(told); // the plant's own alerts, or an error
    waiting.splice(0, told.frames - done);
    done = told.frames;
    for (const one of told.refusals ?? []) console.error(`${one.series}: ${one.message} ${one.remedy}`);
  };
}

function send(series, value, unit) {
  const frame = JSON.stringify({ series, value, unit, ts: Date.now() }); // with a time, twice is stored once
  if (waiting.push(frame) > 100_000) done += waiting.splice(0, 1).length; // the oldest go
  if (room.readyState === WebSocket.OPEN) room.send(frame);
}

connect();
setInterval(() => send("output", 40 + 5 * Math.sin(Date.now() / 60_000), "t/h"), 1000);
