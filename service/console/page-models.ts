/** What the console's pages are made of: the answers of the API's routes, so that every figure is the API's. */
import type { Request } from 'express';
import type {
  NowModel,
  PanelReader,
  PanelsModel,
  Reader,
  SloModel,
  StreamModel,
  TraceModel,
} from '../../dashboards/index.ts';
import { AppError, isAppError, messageOf } from '../../runtime/index.ts';
import { breakdownJson, burnDownJson, evaluationJson, statusJson } from '../../slo/index.ts';
import type { BurnDownJson } from '../../slo/index.ts';
import type { ServiceDeps } from '../deps.ts';
import { jsonPage } from '../list.ts';
import type { List } from '../list.ts';
import { readQuery, shorten } from '../parameters.ts';
import { targetParameter } from '../routes/slos.ts';
import type { WhatIf } from '../what-if.ts';
import { namedDashboard, RANGE_NAMES, rangeOf } from '../routes/dashboards.ts';
import { eventsList } from '../routes/events.ts';
import { quarantineList } from '../routes/quarantine.ts';
import { streamBody } from '../routes/streams.ts';
import { findTrace, traceOf } from '../routes/traces.ts';
import { windowsList } from '../routes/windows.ts';
import { traceJson } from '../../telemetry/index.ts';
import type { StreamResource } from '../stream-resource.ts';
import { alertsOfNow, costedIncidents } from './alert-models.ts';

const ROWS_SHOWN = 20;
/** Opened where none is named. */
const FIRST_DASHBOARD = 'on-call';
/** Its panels by stream are on the streams' pages, too. */
const STREAM_DASHBOARD = 'pipeline';

export async function nowModel(
  deps: ServiceDeps,
  resources: readonly StreamResource[],
  reader: Reader,
): Promise<NowModel> {
  const { slos, clock } = deps;
  const evaluation = evaluationJson(slos?.latest ?? NOT_EVALUATED, clock.nowMs());
  const [streams, burnDowns] = await Promise.all([
    Promise.all(resources.map((each) => streamBody(deps, each))),
    Promise.all(evaluation.slos.map(({ name }) => burnDownOf(deps, name))),
  ]);
  const known = burnDowns.filter((each) => each !== undefined);
  const alerts = alertsOfNow(deps, reader);
  return {
    evaluation,
    streams,
    burnDowns: new Map(known.map((each) => [each.slo, each])),
    playbook: deps.playbook ?? (() => undefined),
    ...(alerts ? { alerts } : {}),
  };
}

const NOT_EVALUATED = {
  lastSuccessAtMs: undefined,
  durationMs: 0,
  intervalMs: 0,
  statuses: [],
  failure: 'This process evaluates no SLO.',
};

/** @throws AppError `not_found`; `metrics_unavailable` before the first evaluation */
export async function sloModel(
  deps: ServiceDeps,
  whatIf: WhatIf | undefined,
  request: Request,
): Promise<SloModel> {
  const name = String(request.params['slo']);
  const target = readQuery(request.url, [targetParameter]).get(targetParameter);
  const { slos } = deps;
  const slo = slos?.slos.find((each) => each.name === name);
  if (!slos || !slo) throw new AppError('not_found', `There is no SLO ${shorten(name)}.`);
  const status = slos.latest.statuses.find((each) => each.slo.name === name);
  if (!status) {
    throw new AppError(
      'metrics_unavailable',
      `${slo.title} is not evaluated yet: ${slos.latest.failure ?? 'the first evaluation is under way'}.`,
    );
  }
  const [burnDown, breakdown] = await Promise.all([
    burnDownOf(deps, name),
    slos.breakdown(name)?.then(
      (answer) => breakdownJson(name, answer),
      () => undefined,
    ),
  ]);
  const playbook = deps.playbook ?? (() => undefined);
  const incidents = await costedIncidents(deps, name);
  const asked =
    whatIf && target !== undefined
      ? await whatIf.answer(slo, target).then(
          (answer) => ({ target, answer, problem: undefined }),
          (error: unknown) => {
            if (!isAppError(error)) throw error;
            return { target, answer: undefined, problem: messageOf(error) };
          },
        )
      : undefined;
  const answered = whatIf ? (asked ? { whatIf: asked } : {}) : { whatIf: null };
  return { slo: statusJson(status), burnDown, breakdown, playbook, ...incidents, ...answered };
}

/** @throws AppError `not_found` where there is no such dashboard, or none at all */
export async function panelsModel(
  deps: ServiceDeps,
  panels: PanelReader | undefined,
  request: Request,
  reader: Reader,
): Promise<PanelsModel> {
  const range = rangeOf(request);
  const all = panels?.dashboards ?? [];
  const first = all.find(({ name }) => name === FIRST_DASHBOARD) ?? all[0];
  const name = request.params['dashboard'] ?? first?.name;
  if (!panels || name === undefined) {
    throw new AppError('not_found', 'This process reads no metrics that panels could show.');
  }
  const answer = await panels.answer(namedDashboard(panels, String(name)), range);
  const open = alertsOfNow(deps, reader)?.open;
  return { answer, dashboards: all, ranges: RANGE_NAMES, ...(open ? { open } : {}) };
}

/** A picture that cannot be drawn leaves the page's figures standing. */
async function burnDownOf(
  { slos, logger }: ServiceDeps,
  name: string,
): Promise<BurnDownJson | undefined> {
  try {
    const answer = await slos?.burnDown(name);
    return answer && burnDownJson(name, answer);
  } catch (error) {
    logger.warn('burn_down_unavailable', { slo: name, error: messageOf(error) });
    return undefined;
  }
}

export async function streamModel(
  deps: ServiceDeps,
  panels: PanelReader | undefined,
  resource: StreamResource,
): Promise<StreamModel> {
  const { warehouse } = deps;
  const { stream: definition } = resource;
  const { windows } = definition;
  const url = `/?limit=${ROWS_SHOWN}`;
  const [stream, windowsAnswer, quarantine, events] = await Promise.all([
    streamBody(deps, resource),
    windows ? windowsList(deps, resource, url, 'json').then(itemsOf) : null,
    itemsOf(quarantineList(warehouse, definition, url, 'json')),
    itemsOf(eventsList(warehouse, resource, url, 'json')),
  ]);
  const shown = panels?.dashboards.find((each) => each.name === STREAM_DASHBOARD);
  const pipeline = panels && shown ? await panels.answer(shown, '1h') : undefined;
  return {
    ...(pipeline ? { pipeline } : {}),
    stream,
    columns: definition.columns.map(({ name }) => name),
    groupBy: windows?.groupBy ?? [],
    measures: windows?.measures.map(({ name }) => name) ?? [],
    windows: windowsAnswer,
    quarantine: quarantine.quarantine,
    events: events.events,
  };
}

/** @throws AppError `not_found` where it is not kept */
export function traceModel(deps: ServiceDeps, traceId: string): TraceModel {
  const trace = traceJson(traceOf(deps, traceId));
  const linked = trace.spans.flatMap(({ links }) => links.map((link) => link.trace));
  return { trace, keptTraces: new Set(linked.filter((each) => findTrace(deps, each))) };
}

/** The answer of the list's route, as a reader of the API has it. */
async function itemsOf<T, P>(list: List<T, P>) {
  return JSON.parse((await jsonPage(list, '')).body);
}
