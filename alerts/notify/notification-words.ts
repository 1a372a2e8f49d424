/** Figures and instants as a tired person reads them: `1 h 40 min`, `12.3 %`, `2026-11-26 03:02:11 UTC`. */
import type { MeasuredValue } from './notification.ts';

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** The two largest units, rounded down: 6,070,000 ms is `1 h 41 min`. */
export function durationWords(durationMs: number): string {
  const wholeMs = Math.max(0, Math.floor(durationMs / 1_000) * 1_000);
  const first = UNITS.findIndex(([, unitMs]) => wholeMs >= unitMs);
  if (first === -1) return '0 s';
  const [unit, unitMs] = UNITS[first]!;
  const words = `${Math.floor(wholeMs / unitMs)} ${unit}`;
  const [nextUnit, nextMs] = UNITS[first + 1] ?? ['', 1];
  const rest = nextUnit === '' ? 0 : Math.floor((wholeMs % unitMs) / nextMs);
  return rest === 0 ? words : `${words} ${rest} ${nextUnit}`;
}

/** A share as a percentage: 0.0123 is `1.23 %`. Three digits, and three decimals near 100, where they matter. */
export function percentWords(ratio: number): string {
  const percent = ratio * 100;
  const size = Math.abs(percent);
  const rounded =
    size >= 99 && size < 100
      ? percent.toFixed(3)
      : percent.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : decimalsFor(size));
  return `${Number(rounded)} %`;
}

/** `2026-11-26 03:02:11 UTC` */
export function utcWords(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** 1234567.5 is `1,234,567.5`. */
export function countWords(value: number): string {
  return new Intl.NumberFormat('en-US', { maximumFractionDigits: 2 }).format(value);
}

/** `12.3 %`, `812 ms`, `2 min 14 s`, `14.4 ×`, `1,003`. */
export function valueWords(unit: MeasuredValue['unit'], value: number): string {
  switch (unit) {
    case 'ratio':
      return percentWords(value);
    case 'seconds':
      return secondsWords(value);
    case 'burn_rate':
      return `${countWords(value)} ×`;
    case 'count':
      return countWords(value);
    default:
      return unit satisfies never;
  }
}

/** At most `charsMax` UTF-16 units, no character torn in two, an ellipsis where something is missing. */
export function cut(text: string, charsMax: number): string {
  const whole = text.toWellFormed();
  if (whole.length <= charsMax) return whole;
  const kept = whole.slice(0, charsMax - 1);
  return `${kept.isWellFormed() ? kept : kept.slice(0, -1)}…`;
}

/** One line of printable text: for subjects, summaries and logs. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
}

function secondsWords(seconds: number): string {
  if (Math.abs(seconds) < 1) return `${Math.round(seconds * 1_000)} ms`;
  if (Math.abs(seconds) < 60) return `${Number(seconds.toFixed(1))} s`;
  return durationWords(seconds * 1_000);
}

/** Three digits that say something: 0.00123 has five decimals. */
function decimalsFor(size: number): number {
  return size === 0 ? 0 : Math.min(8, 2 - Math.floor(Math.log10(size)));
}
