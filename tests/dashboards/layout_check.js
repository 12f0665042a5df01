// Lay out two hundred random charts; gives what is wrong with any. Run in the page by test_flow.py.
async () => {
  const {layOut} = await import(document.querySelector('script[src*="main.js"]').src.replace("main.js", "flow_layout.js"));
  let seed = 7;
  const dice = (n) => (seed = (seed * 48271) % 2147483647) % n;
  const faults = [];
  for (let turn = 0; turn < 200; turn++) {
    const boxes = Array.from({length: 1 + dice(14)}, (_, i) => ({key: `b${i}`, wide: 120, high: 40 + 10 * dice(5)}));
    const links = Array.from({length: dice(20)}, () => ({from: `b${dice(boxes.length)}`, to: `b${dice(boxes.length)}`, thick: dice(20)})).filter((one) => one.from !== one.to);
    const room = {wide: 2400, high: 500, gapX: 30, gapY: 14};
    const plan = layOut(boxes, links, room);
    if (JSON.stringify(plan.links) !== JSON.stringify(layOut(boxes, links, room).links)) faults.push(`${turn}: not the same twice`);
    const placed = [...plan.boxes.values()];
    if (placed.length !== boxes.length) faults.push(`${turn}: ${placed.length} of ${boxes.length} placed`);
    placed.forEach((a, i) => {
      if (!(a.x >= -0.1 && a.y >= -0.1 && a.x + a.wide <= room.wide + 0.1 && a.y + a.high <= plan.high + 0.1)) faults.push(`${turn}: cut off`);
      for (const b of placed.slice(i + 1)) {
        if (a.x < b.x + b.wide && b.x < a.x + a.wide && a.y < b.y + b.high - 0.1 && b.y < a.y + a.high - 0.1) faults.push(`${turn}: overlap`);
      }
    });
  }
  return faults;
}
