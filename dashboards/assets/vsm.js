// The Viable System Model of the unit in focus, from what the room knows: what runs on each channel, and nothing that it does not know.

import { stateOf } from "./flow_chart.js";
import { now, state } from "./model.js";

/** What is found between units that ought to keep in step: System 2's matter. */
const LATERAL = new Set(["siblings", "claim", "balance", "oscillation", "together"]);

/** Whether the unit at `path` is `above` or stands below it. */
export const within = (path, above) => above === "" || path === above || path.startsWith(`${above}/`);

/** The unit above the one in focus if the seat may look at it, else null. */
export function unitAbove() {
  const above = state.ancestors.at(-1);
  return above && within(above.path, state.me.unit) ? above : null;
}

/** How many alerts, the worst of them, and whether anybody has still to look. */
function fold(alerts) {
  return { n: alerts.length, worst: alerts.length ? Math.min(...alerts.map((alert) => alert.priority)) : null, waiting: alerts.filter((alert) => alert.unacked).length };
}

/** Everything that the drawing says of the unit in focus. */
export function account() {
  const focus = state.unit;
  const known = [...state.alerts.values()].filter((alert) => within(alert.unit, focus.path));
  const below = known.filter((alert) => alert.unit !== focus.path);
  const risen = below.filter((alert) => alert.levels.some((level) => level.unit === focus.path));
  const starved = state.flows.filter((link) => stateOf(link) === "starved" && link.from_inside && link.to_inside);
  const lateral = below.filter((alert) => LATERAL.has(alert.kind));
  const decided = known.filter((alert) => alert.decision);
  const looks = state.audits.filter((audit) => within(audit.unit, focus.path));
  return {
    focus, up: unitAbove(), top: state.ancestors.length === 0, own: focus.path === state.me.unit,
    algedonic: { ...fold(risen), pressed: risen.filter((alert) => alert.pressed).length },
    coordination: { ...fold(lateral), starved: starved.length },
    control: fold(known.filter((alert) => alert.standing === focus.path)),
    policy: { decided: decided.length, due: decided.filter((alert) => !alert.decision.found && alert.decision.followup < now()).length, asked: known.filter((alert) => alert.may_decide).length },
    outlook: { latency: focus.latency },
    audits: { below: looks.filter((audit) => audit.unit !== focus.path).length, here: looks.filter((audit) => audit.unit === focus.path).length },
    bargain: { waiting: focus.path === state.me.unit ? state.agreements.waiting : 0 },
    units: [...state.children.values()].map((unit) => operation(unit, { below, risen, lateral, looks, starved })),
  };
}

function operation(unit, { below, risen, lateral, looks, starved }) {
  const mine = (alerts) => alerts.filter((alert) => within(alert.unit, unit.path));
  return {
    ...unit, known: fold(mine(below)), climbed: fold(mine(risen)), lateral: { ...fold(mine(lateral)), starved: starved.filter((link) => link.from === unit.path || link.to === unit.path).length },
    audited: looks.filter((audit) => within(audit.unit, unit.path)).length,
  };
}
