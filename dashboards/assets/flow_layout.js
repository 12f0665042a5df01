// Layered layout of a flow chart (after Sugiyama): pure, and the same for the same chart whatever came before.

const SWEEPS = 6;

/**
 * Place `boxes` (`{key, wide, high}`) and the `links` (`{from, to, thick}`, by key) between them in `wide` x `high` px.
 * Gives `{boxes: Map(key -> {x, y, wide, high}), links: [[{x, y}, ...]], high, fits}`: left upper corners, the points a link passes, and
 * the height that is needed. Boxes without links stand where a layer has room, else in rows below. No two boxes overlap; a link that spans layers has a lane of its own.
 */
export function layOut(boxes, links, { wide, high, gapX, gapY }) {
  const at = new Map(boxes.map((box, i) => [box.key, i]));
  const real = links.map((link) => ({ ...link, a: at.get(link.from), b: at.get(link.to) }));
  const linked = boxes.map((_, i) => real.some(({ a, b }) => a === i || b === i));
  const depth = depths(boxes.length, real);
  const count = Math.max(0, ...depth.filter((_, i) => linked[i])) + 1;
  const layers = Array.from({ length: count }, () => []);
  boxes.forEach((box, i) => linked[i] && layers[depth[i]].push({ ...box, id: i, before: [], after: [] }));
  const nodeOf = new Map(layers.flat().map((node) => [node.id, node]));
  const chains = real.map((link) => chain(link, depth, layers, nodeOf, gapY));
  for (let turn = 0; turn < SWEEPS; turn++) sweep(layers, turn % 2 === 0);
  const any = layers.some((layer) => layer.length);
  const widest = Math.max(0, ...boxes.map((box) => box.wide));
  const loose = boxes.filter((_, i) => !linked[i]);
  const rows = looseRows(any ? tucked(loose, layers, high, gapY) : loose, wide, gapX, gapY);
  const need = Math.max(0, ...layers.map((layer) => layer.reduce((sum, node) => sum + node.high + gapY, 0)));
  const free = any ? Math.max(need, high - rows.high) : 0;
  spread(layers, free, gapY);
  const step = count > 1 ? (wide - widest) / (count - 1) : 0;
  layers.forEach((layer, n) => layer.forEach((node) => (node.x = count > 1 ? n * step : (wide - node.wide) / 2)));
  const places = new Map(layers.flat().filter((node) => node.key !== null).map((node) => [node.key, { x: node.x, y: node.y, wide: node.wide, high: node.high }]));
  for (const box of rows.places) places.set(box.key, { ...box, y: box.y + free });
  return { boxes: places, links: chains.map((nodes) => nodes.map((node) => ({ x: node.x, y: node.y + node.high / 2, wide: node.key === null ? widest : node.wide, lane: node.key === null }))), high: free + rows.high, fits: count < 2 || step >= widest + gapX };
}

/** Put boxes without links at the end of the layers that have room for them; gives those that found none. */
function tucked(loose, layers, high, gapY) {
  const heights = layers.map((layer) => layer.reduce((sum, node) => sum + node.high + gapY, 0));
  return loose.filter((box) => {
    const n = heights.indexOf(Math.min(...heights));
    if (heights[n] + box.high + gapY > Math.max(high, ...heights)) return true;
    heights[n] += box.high + gapY;
    layers[n].push({ ...box, before: [], after: [] });
    return false;
  });
}

/** How deep each box lies: its longest way from a source; links that close a circle are left out of the count. */
function depths(count, links) {
  const after = Array.from({ length: count }, () => []);
  for (const link of links) after[link.a].push(link);
  const seen = new Uint8Array(count); // 1: on the way, 2: done
  const order = [];
  const visit = (i) => {
    seen[i] = 1;
    for (const link of after[i]) {
      if (seen[link.b] === 1) link.back = true;
      else if (!seen[link.b]) visit(link.b);
    }
    seen[i] = 2;
    order.push(i);
  };
  const entered = new Set(links.map((link) => link.b));
  for (let i = 0; i < count; i++) if (!seen[i] && !entered.has(i)) visit(i);
  for (let i = 0; i < count; i++) if (!seen[i]) visit(i);
  const depth = new Array(count).fill(0);
  for (const i of order.reverse()) for (const link of after[i]) if (!link.back) depth[link.b] = Math.max(depth[link.b], depth[i] + 1);
  return depth;
}

/** The nodes that a link passes: its ends, and a lane in each layer between. */
function chain(link, depth, layers, nodeOf, gapY) {
  const [first, last] = link.back ? [link.b, link.a] : [link.a, link.b];
  const nodes = [nodeOf.get(first)];
  for (let d = depth[first] + 1; d < depth[last]; d++) {
    const lane = { key: null, wide: 0, high: Math.max(gapY / 2, link.thick), before: [], after: [] };
    layers[d].push(lane);
    nodes.push(lane);
  }
  nodes.push(nodeOf.get(last));
  for (let i = 1; i < nodes.length; i++) {
    nodes[i - 1].after.push(nodes[i]);
    nodes[i].before.push(nodes[i - 1]);
  }
  return link.back ? nodes.reverse() : nodes;
}

/** Order each layer by where its neighbours stand, forwards or backwards; equals keep their order. */
function sweep(layers, forwards) {
  layers.forEach((layer) => layer.forEach((node, i) => (node.rank = i)));
  const order = forwards ? layers : [...layers].reverse();
  for (const layer of order) {
    for (const node of layer) {
      const beside = forwards ? node.before : node.after;
      node.wish = beside.length ? beside.reduce((sum, other) => sum + other.rank, 0) / beside.length : node.rank;
    }
    layer.sort((a, b) => a.wish - b.wish || a.rank - b.rank);
    layer.forEach((node, i) => (node.rank = i));
  }
}

/** Give every node its height: near its neighbours, in its layer's order, nowhere two on one another. */
function spread(layers, high, gapY) {
  for (const layer of layers) {
    const room = (high - layer.reduce((sum, node) => sum + node.high, 0)) / (layer.length + 1);
    let y = room;
    for (const node of layer) {
      node.y = y;
      y += node.high + room;
    }
  }
  for (let turn = 0; turn < SWEEPS; turn++) {
    for (const layer of turn % 2 ? [...layers].reverse() : layers) {
      for (const node of layer) {
        const beside = [...node.before, ...node.after];
        if (beside.length) node.y += 0.6 * (beside.reduce((sum, other) => sum + other.y + other.high / 2, 0) / beside.length - node.y - node.high / 2);
      }
      settle(layer, high, gapY);
    }
  }
  const nodes = layers.flat();
  const [top, bottom] = [Math.min(...nodes.map((node) => node.y)), Math.max(...nodes.map((node) => node.y + node.high))];
  for (const node of nodes) node.y += (high - bottom - top) / 2; // as much room above as below
}

function settle(layer, high, gapY) {
  const gap = Math.min(gapY, (high - layer.reduce((sum, node) => sum + node.high, 0)) / Math.max(1, layer.length));
  let least = gap / 2;
  for (const node of layer) {
    node.y = Math.max(node.y, least);
    least = node.y + node.high + gap;
  }
  let most = high - gap / 2;
  for (const node of [...layer].reverse()) {
    node.y = Math.min(node.y, most - node.high);
    most = node.y - gap;
  }
}

function looseRows(boxes, wide, gapX, gapY) {
  if (!boxes.length) return { places: [], high: 0 };
  const [boxWide, boxHigh] = [Math.max(...boxes.map((box) => box.wide)), Math.max(...boxes.map((box) => box.high))];
  const each = Math.max(1, Math.floor((wide + gapX) / (boxWide + gapX)));
  const spacing = Math.min((wide - boxWide) / Math.max(1, Math.min(each, boxes.length) - 1), boxWide + 2 * gapX);
  const places = boxes.map((box, i) => ({ key: box.key, wide: box.wide, high: box.high, x: (i % each) * spacing, y: gapY / 2 + Math.floor(i / each) * (boxHigh + gapY) }));
  return { places, high: Math.ceil(boxes.length / each) * (boxHigh + gapY) };
}
