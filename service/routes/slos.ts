/** SLOs: the status of all, of one, and its hours. */
import type { Request, Response } from 'express';
import { AppError } from '../../runtime/index.ts';
import {
  breakdownJson,
  burnDownJson,
  evaluationJson,
  ledgerRowJson,
  statusJson,
} from '../../slo/index.ts';
import type { SloEvaluator } from '../../slo/index.ts';
import type { ServiceDeps } from '../deps.ts';
import { readQuery, shorten, timeParameter } from '../parameters.ts';
import type { Parameter } from '../parameters.ts';
import type { WhatIf } from '../what-if.ts';
import { negotiate, sendWhole } from '../respond.ts';

const DAY_MS = 86_400_000;
const HISTORY_DEFAULT_MS = 30 * DAY_MS;
/** 9,600 hours of about 220 bytes: 2 MB. */
const HISTORY_SPAN_MS_MAX = 400 * DAY_MS;

/** Parameters of the history route. */
export const historyParameters = [
  timeParameter('from', 'First instant of the hours; default: 30 days before `to`.'),
  timeParameter('to', 'End of the hours, itself excluded; default: now.'),
] as const;

export type SloSource = Pick<
  SloEvaluator,
  'slos' | 'latest' | 'history' | 'burnDown' | 'breakdown'
>;

export function listSlos(
  { clock }: ServiceDeps,
  slos: SloSource,
  request: Request,
  response: Response,
): void {
  negotiate(request, response, ['json']);
  readQuery(request.url, []);
  const body = JSON.stringify(evaluationJson(slos.latest, clock.nowMs()));
  sendWhole(request, response, 'json', body);
}

export function oneSlo(slos: SloSource, request: Request, response: Response): void {
  negotiate(request, response, ['json']);
  readQuery(request.url, []);
  const { name } = namedSlo(slos, request);
  const status = slos.latest.statuses.find((each) => each.slo.name === name);
  if (!status) notYet(slos, name);
  sendWhole(request, response, 'json', JSON.stringify(statusJson(status)));
}

export async function sloHistory(
  { clock }: ServiceDeps,
  slos: SloSource,
  request: Request,
  response: Response,
): Promise<void> {
  negotiate(request, response, ['json']);
  const query = readQuery(request.url, historyParameters);
  const { name } = namedSlo(slos, request);
  const [from, to] = historyParameters;
  const toMicros = query.get(to);
  const toMs = toMicros === undefined ? clock.nowMs() : toMicros / 1_000;
  const fromMicros = query.get(from);
  const fromMs = fromMicros === undefined ? toMs - HISTORY_DEFAULT_MS : fromMicros / 1_000;
  if (fromMs >= toMs || toMs - fromMs > HISTORY_SPAN_MS_MAX) {
    throw new AppError(
      'invalid_range',
      `from, to: expected from before to, at most ${HISTORY_SPAN_MS_MAX / DAY_MS} days apart.`,
    );
  }
  const hours = (await slos.history(name, fromMs, toMs)).map(ledgerRowJson);
  const range = { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() };
  const body = { slo: name, ...range, count: hours.length, hours };
  sendWhole(request, response, 'json', JSON.stringify(body));
}

export async function sloBurnDown(
  slos: SloSource,
  request: Request,
  response: Response,
): Promise<void> {
  negotiate(request, response, ['json']);
  readQuery(request.url, []);
  const { name } = namedSlo(slos, request);
  const answer = await (slos.burnDown(name) ?? notYet(slos, name));
  sendWhole(request, response, 'json', JSON.stringify(burnDownJson(name, answer)));
}

export async function sloBreakdown(
  slos: SloSource,
  request: Request,
  response: Response,
): Promise<void> {
  negotiate(request, response, ['json']);
  readQuery(request.url, []);
  const { name } = namedSlo(slos, request);
  const answer = await (slos.breakdown(name) ?? notYet(slos, name));
  sendWhole(request, response, 'json', JSON.stringify(breakdownJson(name, answer)));
}

/** A percentage as it would be written: kept as text, for 99.9 is no double. */
export const targetParameter: Parameter<string> = {
  name: 'target',
  description: 'The objective to try, in percent, such as 99.5.',
  schema: { type: 'string', pattern: '^[0-9]{1,2}([.][0-9]{1,6})?$' },
  parse: (given) => given,
};

export async function sloWhatIf(
  slos: SloSource,
  whatIf: WhatIf,
  request: Request,
  response: Response,
): Promise<void> {
  negotiate(request, response, ['json']);
  const target = readQuery(request.url, [targetParameter]).get(targetParameter);
  const slo = namedSlo(slos, request);
  if (target === undefined) {
    throw new AppError('invalid_argument', 'target: expected a percentage, such as 99.5');
  }
  sendWhole(request, response, 'json', JSON.stringify(await whatIf.answer(slo, target)));
}

function notYet({ latest }: SloSource, name: string): never {
  const reason = latest.failure ?? 'the first evaluation is under way';
  throw new AppError('metrics_unavailable', `${name} is not evaluated yet: ${reason}.`);
}

function namedSlo({ slos }: SloSource, request: Request) {
  const name = String(request.params['slo']);
  const slo = slos.find((each) => each.name === name);
  if (slo) return slo;
  const names = slos.map((each) => each.name).join(', ') || 'none';
  throw new AppError('not_found', `There is no SLO ${shorten(name)}; there are: ${names}.`);
}
