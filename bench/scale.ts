/** `node bench/scale.ts [--events-per-second N] …`: what a rate of events needs, what breaks first and what it costs, on paper. */
import { Command, InvalidArgumentError } from 'commander';
import { columns } from './columns.ts';
import { ASSUMPTIONS, assumptionsWith } from './scale-assumptions.ts';
import type { Assumption, Assumptions } from './scale-assumptions.ts';
import { scaleOf } from './scale-model.ts';
import type { Scale } from './scale-model.ts';

const MAY_BE_ZERO: ReadonlySet<string> = new Set([
  'attributeBytes',
  'cachedRatio',
  'readsPerSecond',
]);
const SHARES: ReadonlySet<string> = new Set(['busyRatio', 'cachedRatio', 'largestStreamRatio']);

const program = new Command('scale')
  .description('Works out what a rate of events needs; docs/scale.md explains it.')
  .option('--json', 'one JSON object with the assumptions and what they come to')
  .action(({ json, ...changes }: { json?: boolean } & Partial<Assumptions>) => {
    const assumptions = assumptionsWith(changes);
    const scale = scaleOf(assumptions);
    const text = json ? `${JSON.stringify({ assumptions, ...scale }, null, 2)}\n` : report(scale);
    process.stdout.write(text);
  });
for (const [name, assumption] of Object.entries(ASSUMPTIONS)) {
  program.option(`--${kebab(name)} <number>`, helpOf(assumption), readerOf(name, assumption));
}
await program.parseAsync();

function report({ needs, limits, costs }: Scale): string {
  const sum = (of: 'dollarsPerMonth' | 'dollarsPerMillionEvents') =>
    costs.reduce((total, cost) => total + cost[of], 0);
  return [
    columns(
      [
        ['needs', 'count', 'because'],
        ...needs.map(({ what, count, because }) => [what, number(count), because]),
      ],
      [1],
    ),
    columns(
      [
        ['breaks at events/s', 'what', 'what to change then'],
        ...limits.map(({ what, eventsPerSecond, change }) => [
          number(eventsPerSecond),
          what,
          change,
        ]),
      ],
      [0],
    ),
    columns(
      [
        ['costs', '$ a month', '$ per million events'],
        ...costs.map((cost) => [
          cost.what,
          number(cost.dollarsPerMonth),
          cost.dollarsPerMillionEvents.toFixed(4),
        ]),
        ['all', number(sum('dollarsPerMonth')), sum('dollarsPerMillionEvents').toFixed(4)],
      ],
      [1, 2],
    ),
  ].join('\n');
}

function helpOf({ value, unit, meaning, source }: Assumption): string {
  const isSmall = value < 0.001;
  const figure = isSmall ? value.toFixed(9) : value.toLocaleString('en');
  return `${meaning}: ${[figure, unit].filter(Boolean).join(' ')} (${source})`;
}

/** Amounts may be 0 where nothing is divided by them; shares are at most 1. */
function readerOf(name: string, { unit }: Assumption): (text: string) => number {
  const mayBeZero = unit.startsWith('$') || MAY_BE_ZERO.has(name);
  const max = SHARES.has(name) ? 1 : Number.POSITIVE_INFINITY;
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (Number.isFinite(value) && value <= max && (value > 0 || (mayBeZero && value === 0))) {
      return value;
    }
    throw new InvalidArgumentError(
      `Expected a number ${mayBeZero ? 'of 0 or more' : 'above 0'}${max === 1 ? ', 1 at most, such as 0.5' : ', such as 1000'}.`,
    );
  };
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function number(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 2 : 0 });
}
