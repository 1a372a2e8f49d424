/** Figures as people read them; the exact value stands in the markup beside each, as the API gives it. */
import { formatDuration } from '../../runtime/index.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';

const UNKNOWN = html`<span class="unknown">not known</span>`;

/** A number with its text: `<data value="0.99953">99.95 %</data>`. */
export function figure(value: number | null | undefined, print: (value: number) => string): Html {
  return value === null || value === undefined
    ? UNKNOWN
    : html`<data value="${value}">${print(value)}</data>`;
}

/** A share in percent, cut and never rounded up: 0.99996 must not read as 100 %. */
export function percent(ratio: number, decimals = 2): string {
  const scale = 10 ** decimals;
  // The tiny term takes back what binary fractions lose: 0.57 · 100 is 56.99999999999999.
  const cut = Math.floor(ratio * 100 * scale + 1e-9) / scale;
  return `${cut.toLocaleString('en-US', { maximumFractionDigits: decimals })} %`;
}

/** A count of events; fractions come from extrapolation and are shown to one place. */
export function count(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 1 : 0 });
}

/** How many times the sustainable pace: `14.4×`. */
export function burn(rate: number): string {
  return `${rate.toLocaleString('en-US', { maximumFractionDigits: rate < 10 ? 2 : 1 })}×`;
}

/** Seconds as a duration with two parts at most: `2 d 4 h`, `3 min 20 s`, `0.4 s`. */
export function duration(seconds: number): string {
  if (seconds < 1) return `${Number(seconds.toFixed(2))} s`;
  const units = [
    ['d', 86_400],
    ['h', 3_600],
    ['min', 60],
    ['s', 1],
  ] as const;
  const first = units.findIndex(([, size]) => seconds >= size);
  const [name, size] = units[first]!;
  const whole = Math.floor(seconds / size);
  const next = units[first + 1];
  const rest = next ? Math.floor((seconds - whole * size) / next[1]) : 0;
  return rest > 0 && next ? `${whole} ${name} ${rest} ${next[0]}` : `${whole} ${name}`;
}

/** A window as definitions write it: `1h`, `30d`. */
export function windowText(seconds: number): string {
  return formatDuration(seconds * 1_000);
}

/** An instant in UTC; the page's script puts the reader's own time before it. */
export function instant(iso: string | null): Html {
  if (iso === null) return UNKNOWN;
  const utc = `${iso.slice(0, 19).replace('T', ' ')} UTC`;
  return html`<time datetime="${iso}">${utc}</time>`;
}
