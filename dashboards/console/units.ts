/** Values with their unit, short enough for an axis: `1.2 k`, `14.4×`, `99.95 %`, `350 ms`. */
import type { Unit } from '../dashboard.ts';
import { burn, percent } from './figures.ts';

/** Text of a value; three digits say enough beside a picture, the markup has the exact one. */
export function valueText(unit: Unit, value: number): string {
  switch (unit) {
    case 'ratio':
      return percent(value, Math.abs(value) >= 0.1 ? 2 : 3);
    case 'seconds':
      return secondsText(value);
    case 'times':
      return burn(value);
    case 'per_second':
      return `${short(value)}/s`;
    case 'bytes':
      return bytesText(value);
    case 'bytes_per_second':
      return `${bytesText(value)}/s`;
    case 'count':
      break;
  }
  return short(value);
}

/** What the values are, in words, for a reader who does not see the axis. */
export const UNIT_WORDS: Readonly<Record<Unit, string>> = {
  ratio: 'percent',
  seconds: 'seconds',
  times: 'times the sustainable pace',
  per_second: 'per second',
  bytes: 'bytes',
  bytes_per_second: 'bytes per second',
  count: 'count',
};

function secondsText(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0 s';
  if (size < 0.001) return `${digits(value * 1e6)} µs`;
  if (size < 1) return `${digits(value * 1e3)} ms`;
  if (size < 120) return `${digits(value)} s`;
  if (size < 7_200) return `${digits(value / 60)} min`;
  return size < 172_800 ? `${digits(value / 3_600)} h` : `${digits(value / 86_400)} d`;
}

function bytesText(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let [rest, at] = [value, 0];
  while (Math.abs(rest) >= 1_024 && at < units.length - 1) {
    rest /= 1_024;
    at++;
  }
  return `${digits(rest)} ${units[at]}`;
}

function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) return `${digits(value / 1e9)} G`;
  if (size >= 1e6) return `${digits(value / 1e6)} M`;
  return size >= 1e4 ? `${digits(value / 1e3)} k` : digits(value);
}

/** Three significant digits, and all digits of a whole number. */
function digits(value: number): string {
  const shown = Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
  return shown.toLocaleString('en-US', { maximumFractionDigits: 6 });
}
