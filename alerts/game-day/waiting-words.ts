/** What a drill waits for, in words with the newest figure: a drill lasts minutes, and nobody should wonder why. */
import { formatDuration } from '../../runtime/index.ts';
import type { AlertEvaluator } from '../alert-evaluator.ts';
import type { Policy, Rung } from '../policy.ts';
import { drilledRungs } from './drill.ts';
import type { Drill } from './drill.ts';
import type { DrillPhase, DrillStatus } from './game-day.ts';

/** `api-latency-mean to fire: 0.31 over 5m, fires above 0.5`. */
export function waitingWords(
  { policies }: Drill,
  phase: DrillPhase | undefined,
  fired: Pick<DrillStatus, 'policy' | 'rung'> | undefined,
  alerts: Pick<AlertEvaluator, 'known'>,
): string {
  const policy = policies.find(({ name }) => name === fired?.policy) ?? policies[0];
  if (!policy) return 'nothing';
  const rung = policy.rungs.find(({ name }) => name === fired?.rung) ?? drilledRungs(policy)[0];
  const others =
    fired?.policy === undefined && policies.length > 1 ? ' or another of its kind' : '';
  const subject = `${policy.name}${others} to ${phase === 'firing' ? 'fire' : 'end'}`;
  return rung ? `${subject}: ${figureWords(policy, rung, phase, alerts)}` : subject;
}

function figureWords(
  policy: Policy,
  rung: Rung,
  phase: DrillPhase | undefined,
  { known }: Pick<AlertEvaluator, 'known'>,
): string {
  const { condition, forMs, keepFiringForMs } = rung;
  const measured = known.observations.find(
    (each) => each.policy.name === policy.name && each.rung.name === rung.name,
  )?.measured;
  const values = (measured ?? []).map(({ value }) => value).filter(Number.isFinite);
  const newest = values.length === 0 ? 'no figure yet' : String(rounded(Math.max(...values)));
  const words = (() => {
    switch (condition.kind) {
      case 'threshold':
        return `${newest} over ${formatDuration(condition.signal.windowMs)}, fires ${condition.comparison} ${rounded(condition.bound)}`;
      case 'burn':
        return `error ratio ${newest} over ${formatDuration(condition.long.valid.windowMs)}, fires above ${rounded(condition.thresholdRatio.value)} there and over ${formatDuration(condition.short.valid.windowMs)}`;
      case 'absent':
      default:
        return 'no series answers';
    }
  })();
  if (phase === 'firing') return forMs > 0 ? `${words} for ${formatDuration(forMs)}` : words;
  return keepFiringForMs > 0
    ? `${words}, and goes on for ${formatDuration(keepFiringForMs)} after that`
    : words;
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
