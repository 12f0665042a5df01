// What belongs together on the wall. Pure: alerts in, lines out; no page, no clock.

/** Worst first, as the room orders it: presses (of those nobody saw the newest first), then priority, then least time to climb, then age; what is back in its band comes last. */
export function worstFirst(a, b) {
  const back = (alert) => (alert.active === false ? 1 : 0);
  const lane = (alert) => (alert.pressed ? (alert.unacked ? 0 : 1) : 2);
  const age = (alert) => (lane(alert) ? alert.raised : -(alert.levels?.at(-1)?.at ?? alert.raised));
  return back(a) - back(b) || lane(a) - lane(b) || a.priority - b.priority || until(a) - until(b) || age(a) - age(b);
}

/** When it climbs; what climbs no further has all the time there is. */
const until = (alert) => alert.deadline ?? Number.MAX_SAFE_INTEGER;

/** Whether the alert is silenced at the level where it stands: it asks nobody to look. */
export const silent = (alert) => Boolean(alert.silenced?.here);

const asks = (alert) => alert.unacked && !alert.audited && !silent(alert);

/** Whether the alert calls now and did not before (null: it was not known), or more urgently, or at another level. */
export const callsAnew = (alert, before) =>
  asks(alert) && (!before || !asks(before) || alert.level !== before.level || alert.priority < before.priority);

/** What is heard comes before what is silenced, then worst first; of equal priority, what nobody has seen before what somebody has. */
const heardFirst = (a, b) => silent(a) - silent(b) || (a.active !== false && b.active !== false && a.priority === b.priority && b.unacked - a.unacked) || worstFirst(a, b);

/**
 * The lines of a wall, worst first. Alerts of one unit raised while the first of them gathers are one line; so is all that one cause
 * stands for, with the cause as its head, whatever else is worse. What is silenced otherwise is no line: `quietOnes` gives it.
 * A line is {key, head, members, worst, waiting, climb}: members worst first, the worst priority inside, how many members nobody has
 * seen and the worst priority of these, the alert that climbs next.
 */
export function linesOf(alerts) {
  const shown = alerts.filter(audible(alerts)).sort((a, b) => a.raised - b.raised || (a.id < b.id ? -1 : 1));
  const here = new Map(shown.map((alert) => [alert.id, alert]));
  const under = new Map();
  const rest = [];
  for (const alert of shown) {
    const cause = alert.cause && alert.cause !== alert.id ? here.get(alert.cause) : null;
    if (!cause) rest.push(alert);
    else if (under.has(cause.id)) under.get(cause.id).push(alert);
    else under.set(cause.id, [alert]);
  }
  return gathered(rest, under).map(({ opener, head, all }) => line(opener, head, all)).sort((a, b) => heardFirst(a.lead, b.lead));
}

/** Put what no cause explains together by unit and time; a second cause in one of these begins a line of its own, so that none is hidden. */
function gathered(rest, under) {
  const lines = [];
  const open = new Map();
  for (const alert of rest) {
    const children = under.get(alert.id) ?? [];
    if (alert.pressed) { // a press has a lane of its own
      lines.push({ opener: alert, head: alert, all: [alert, ...children] });
      continue;
    }
    let one = open.get(alert.unit);
    if (!one || alert.raised > one.opener.gathers_until || (children.length && one.head)) {
      const fresh = { opener: alert, head: null, all: [] };
      lines.push(fresh);
      if (!one || alert.raised > one.opener.gathers_until) open.set(alert.unit, fresh);
      one = fresh;
    }
    if (children.length) one.head = alert;
    one.all.push(alert, ...children);
  }
  return lines;
}

function line(opener, cause, all) {
  all.sort(heardFirst);
  const head = cause ?? all[0];
  const waiting = all.filter((alert) => alert.unacked && alert !== head);
  const climbs = all.filter((alert) => alert.active !== false && alert.deadline && alert.next !== null && alert.next !== undefined);
  return {
    key: opener.id, head, lead: all[0], members: all.filter((alert) => alert !== head),
    worst: Math.min(...priorities(all)), waiting: waiting.length, loudest: waiting.length ? Math.min(...priorities(waiting)) : null, climb: climbs.reduce((soonest, alert) => (soonest && soonest.deadline <= alert.deadline ? soonest : alert), null),
  };
}

/** At most three numbers, however many alerts: `Math.min` takes no list of thousands. */
const priorities = (alerts) => new Set(alerts.map((alert) => alert.priority));

/** What is heard, and what is silent under a cause that is. */
function audible(alerts) {
  const heard = new Set(alerts.filter((alert) => !silent(alert)).map((alert) => alert.id));
  return (alert) => heard.has(alert.id) || (alert.silenced.kind === "suppressed" && heard.has(alert.cause));
}

/** What people silenced, and what is suppressed by a cause that does not stand on this wall: soonest back first. */
export function quietOnes(alerts) {
  const shown = audible(alerts);
  return alerts.filter((alert) => !shown(alert)).sort((a, b) => (a.silenced.until ?? Infinity) - (b.silenced.until ?? Infinity) || worstFirst(a, b));
}

/** How many are silenced here, in each way. */
export function silencedCounts(alerts) {
  const counts = { shelved: 0, suppressed: 0, out_of_service: 0 };
  for (const alert of alerts) if (silent(alert)) counts[alert.silenced.kind] += 1;
  return counts;
}

/**
 * Which of `n` rows of `rowPx` a window of `viewPx` at `scrollPx` shows, where the row `tallAt` (or none: -1) is `tallPx` high.
 * Gives the first row, the one after the last, and the heights of what is left out before and after. A few rows more than seen are
 * given, so that a step of the keyboard finds its row.
 */
export function rowsInView({ n, rowPx, scrollPx, viewPx, tallAt = -1, tallPx = rowPx, spare = 4 }) {
  const extra = tallAt >= 0 ? tallPx - rowPx : 0;
  const top = (i) => i * rowPx + (i > tallAt ? extra : 0);
  const rowAt = (y) => (tallAt >= 0 && y >= (tallAt + 1) * rowPx ? Math.max(tallAt, Math.floor((y - extra) / rowPx)) : Math.floor(y / rowPx));
  const from = Math.max(0, Math.min(n, rowAt(scrollPx) - spare));
  const to = Math.max(from, Math.min(n, rowAt(scrollPx + viewPx) + 1 + spare));
  return { from, to, beforePx: top(from), afterPx: top(n) - top(to) };
}
