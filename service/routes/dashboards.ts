/** Dashboards: which there are, and what the panels of one show over a range. */
import type { Request, Response } from 'express';
import { RANGES } from '../../dashboards/index.ts';
import type { Dashboard, PanelReader, RangeName } from '../../dashboards/index.ts';
import { AppError } from '../../runtime/index.ts';
import { choiceParameter, readQuery, shorten } from '../parameters.ts';
import { negotiate, sendWhole } from '../respond.ts';

export const RANGE_NAMES = Object.keys(RANGES) as [RangeName, ...RangeName[]];
const RANGE_DEFAULT: RangeName = '1h';
export const rangeParameter = choiceParameter(
  'range',
  RANGE_NAMES,
  'How far back the panels look.',
  RANGE_DEFAULT,
);

export function listDashboards(panels: PanelReader, request: Request, response: Response): void {
  negotiate(request, response, ['json']);
  readQuery(request.url, []);
  const dashboards = panels.dashboards.map(({ name, title }) => ({
    name,
    title,
    links: { self: `/v1/dashboards/${name}`, page: `/console/panels/${name}` },
  }));
  const body = JSON.stringify({ count: dashboards.length, dashboards });
  sendWhole(request, response, 'json', body);
}

export async function oneDashboard(
  panels: PanelReader,
  request: Request,
  response: Response,
): Promise<void> {
  negotiate(request, response, ['json']);
  const range = rangeOf(request);
  const dashboard = namedDashboard(panels, String(request.params['dashboard']));
  sendWhole(request, response, 'json', JSON.stringify(await panels.answer(dashboard, range)));
}

export function rangeOf(request: Request): RangeName {
  return readQuery(request.url, [rangeParameter]).get(rangeParameter) ?? RANGE_DEFAULT;
}

/** @throws AppError `not_found` that names those that there are */
export function namedDashboard({ dashboards }: PanelReader, name: string): Dashboard {
  const found = dashboards.find((each) => each.name === name);
  if (found) return found;
  const names = dashboards.map((each) => each.name).join(', ') || 'none';
  throw new AppError('not_found', `There is no dashboard ${shorten(name)}; there are: ${names}.`);
}
