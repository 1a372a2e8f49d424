/** What people do to the state by hand: acknowledge an incident, set a silence, end it. */
import { AppError } from '../runtime/index.ts';
import { isPattern } from '../telemetry/index.ts';
import type { AlertsState, Incident } from './alert-state.ts';
import type { Silence } from './silence.ts';

/** Silences in force or to come; beyond it nobody knows what is quiet and why. */
const SILENCES_MAX = 100;
/** What needs longer is a change of the policy. */
const SILENCE_MS_MAX = 30 * 86_400_000;

/** @throws AppError `not_found` where no incident of that id is open. */
export function acknowledge(
  state: AlertsState,
  id: string,
  { by, atMs, note }: { readonly by: string; readonly atMs: number; readonly note?: string },
): { state: AlertsState; incident: Incident } {
  const open = state.incidents.find((each) => each.id === id);
  if (!open) throw new AppError('not_found', `There is no open incident ${id}`);
  const acknowledged = { by, atMs, ...(note === undefined ? {} : { note }) };
  const incident: Incident = { ...open, acknowledged };
  const incidents = state.incidents.map((each) => (each === open ? incident : each));
  return { state: { ...state, incidents }, incident };
}

/** @throws AppError `invalid_argument` without a reason, a matcher, or an end within 30 days; `limit_exceeded` beyond 100. */
export function addSilence(state: AlertsState, silence: Silence): AlertsState {
  const { matchers, reason, by, startsAtMs, endsAtMs } = silence;
  const problems: string[] = [];
  if (matchers.length === 0) problems.push('expected at least one matcher, such as policy="…"');
  for (const { label, op, value } of matchers) {
    if ((op === '=~' || op === '!~') && !isPattern(value)) {
      problems.push(`expected a regular expression for ${label}; got ${value}`);
    }
  }
  if (reason.trim() === '') problems.push('expected a reason, such as "deploy of 12:00"');
  if (by.trim() === '') problems.push('expected who sets it');
  if (!(endsAtMs > startsAtMs) || endsAtMs - startsAtMs > SILENCE_MS_MAX) {
    problems.push('expected an end after the start, within 30d');
  }
  if (problems.length > 0) throw new AppError('invalid_argument', problems.join('; '));
  if (state.silences.length >= SILENCES_MAX) {
    throw new AppError(
      'limit_exceeded',
      `expected at most ${SILENCES_MAX} silences; end one first`,
    );
  }
  const others = state.silences.filter(({ id }) => id !== silence.id);
  return { ...state, silences: [...others, silence] };
}

/** Ends a silence at once; what it kept quiet is told at the next evaluation. @throws AppError `not_found` */
export function endSilence(state: AlertsState, id: string): AlertsState {
  const silences = state.silences.filter((each) => each.id !== id);
  if (silences.length === state.silences.length) {
    throw new AppError('not_found', `There is no silence ${id}`);
  }
  return { ...state, silences };
}
