/** Drift over real HTTP: none where everything is as it is defined, and exactly what somebody changed by hand. */
import test from 'ava';
import type { DriftFinding } from '../../../terraform/index.ts';
import type { Json } from '../google-apis/json.ts';
import { jsonOf, listOf, textOf } from '../google-apis/json.ts';
import { openWorld, PROJECT } from './deployed.ts';
import type { World } from './deployed.ts';

const PARENT = `projects/${PROJECT}`;

function pathsOf(findings: readonly DriftFinding[]): readonly string[] {
  return findings.flatMap((each) =>
    each.finding === 'changed'
      ? each.fields.map(({ path }) => `${each.kind} ${each.name}: ${path}`)
      : [`${each.finding}: ${each.kind} ${each.name}`],
  );
}

test.serial('everything deployed as it is defined is no drift, page after page', async (t) => {
  const world = await openWorld(t);
  t.deepEqual(await world.drift(), []);
  const lists = world.apis.calls.filter((line) => line.startsWith('GET monitoring/'));
  t.is(lists.filter((line) => line.endsWith('/alertPolicies')).length, 7, '20 in pages of 3');
  t.deepEqual(world.apis.unknown, []);
});

test.serial('an empty project lacks everything that is defined, each by its name', async (t) => {
  const world = await openWorld(t, { isDeployed: false });
  const findings = await world.drift();
  t.deepEqual(new Set(findings.map(({ finding }) => finding)), new Set(['missing']));
  t.is(findings.length, world.defined.length);
  t.deepEqual(
    findings.map(({ kind, name }) => `${kind} ${name}`).toSorted(),
    world.defined.map(({ kind, name }) => `${kind} ${name}`).toSorted(),
  );
  t.is(new Set(findings.map(({ kind }) => kind)).size, 6);
});

const LATENCY = 'SLO at risk: Requests are answered within 300 ms (api-latency, page)';

/** What somebody does by hand, and what is told of it. */
const EDITS: readonly (readonly [string, (world: World) => Promise<unknown>, readonly string[]])[] =
  [
    [
      'an objective',
      (world) =>
        world.edit('serviceLevelObjectives', 'api-availability: Requests succeed (99.9 %)', {
          goal: 0.99,
        }),
      ['SLO api-availability: goal'],
    ],
    [
      'a bound of an SLO',
      async (world) => {
        const path = `v3/${PARENT}/services/highwater/serviceLevelObjectives/api-latency`;
        const { serviceLevelIndicator } = await world.ask('GET', path);
        const { requestBased } = jsonOf(serviceLevelIndicator);
        const cut = jsonOf(jsonOf(requestBased)['distributionCut']);
        await world.ask('PATCH', `${path}?updateMask=serviceLevelIndicator`, {
          serviceLevelIndicator: {
            requestBased: { distributionCut: { ...cut, range: { max: 0.5 } } },
          },
        });
      },
      ['SLO api-latency: serviceLevelIndicator.requestBased.distributionCut.range.max'],
    ],
    [
      'a threshold in one condition of a policy',
      (world) =>
        changePolicy(world, LATENCY, (policy) => ({
          conditions: listOf(policy['conditions']).map((each, index) => {
            const condition = jsonOf(each);
            const promQl = jsonOf(condition['conditionPrometheusQueryLanguage']);
            const query = `${textOf(promQl['query'])} * 2`;
            return index === 0
              ? { ...condition, conditionPrometheusQueryLanguage: { ...promQl, query } }
              : condition;
          }),
        })),
      [
        'alert policy api-latency-page: conditions["ApiLatencyPage1h"].conditionPrometheusQueryLanguage.query',
      ],
    ],
    [
      'a policy switched off',
      (world) => world.edit('alertPolicies', LATENCY, { enabled: false }),
      ['alert policy api-latency-page: enabled'],
    ],
    [
      'a policy with another title, severity and text',
      (world) =>
        world.edit('alertPolicies', LATENCY, {
          displayName: 'Slow!',
          severity: 'WARNING',
          documentation: { content: 'ask Ann', mimeType: 'text/markdown' },
        }),
      [
        'alert policy api-latency-page: displayName',
        'alert policy api-latency-page: documentation.content',
        'alert policy api-latency-page: documentation.links',
        'alert policy api-latency-page: documentation.subject',
        'alert policy api-latency-page: severity',
      ],
    ],
    [
      'a policy without its labels, found by its title',
      (world) => world.edit('alertPolicies', LATENCY, { userLabels: { a: 'b' } }),
      [
        'alert policy api-latency-page: userLabels.a',
        'alert policy api-latency-page: userLabels.environment',
        'alert policy api-latency-page: userLabels.journey',
        'alert policy api-latency-page: userLabels.owner',
        'alert policy api-latency-page: userLabels.policy',
        'alert policy api-latency-page: userLabels.route',
        'alert policy api-latency-page: userLabels.service',
      ],
    ],
    [
      'a policy that tells nobody',
      (world) => world.edit('alertPolicies', LATENCY, { notificationChannels: [] }),
      ['alert policy api-latency-page: notificationChannels'],
    ],
    [
      'a copy of a policy, which would page twice',
      (world) =>
        changePolicy(world, LATENCY, async (policy) => {
          await world.ask('POST', `v3/${PARENT}/alertPolicies`, {
            ...policy,
            displayName: 'Copy',
            severity: 'ERROR',
          });
          return {};
        }),
      ['not defined: alert policy Copy'],
    ],
    [
      'a policy that was deleted',
      async (world) => {
        const name = await nameOf(world, 'alertPolicies', LATENCY);
        await world.ask('DELETE', `v3/${name}`);
      },
      ['missing: alert policy api-latency-page'],
    ],
    [
      'another address',
      (world) =>
        world.edit('notificationChannels', 'Highwater prod: team', {
          labels: { email_address: 'ann@example.com' },
        }),
      ['notification channel email team: labels.email_address'],
    ],
    [
      'a channel with another name, found by its address, and the policies that use it',
      (world) =>
        world.edit('notificationChannels', 'Highwater prod: team', { displayName: 'Team' }),
      [
        ...['api-availability', 'api-latency', 'canary-freshness', 'dead-letters'].map(
          (name) => `alert policy ${name}-ticket: notificationChannels`,
        ),
        ...['events', 'flights', 'transactions'].map(
          (name) => `alert policy freshness-${name}-ticket: notificationChannels`,
        ),
        'notification channel email team: displayName',
      ],
    ],
    [
      'an uptime check that asks another page',
      (world) =>
        world.edit('uptimeCheckConfigs', 'Highwater prod: API', {
          httpCheck: {
            path: '/',
            port: 443,
            useSsl: true,
            validateSsl: false,
            acceptedResponseStatusCodes: [{ statusClass: 'STATUS_CLASS_3XX' }],
            serviceAgentAuthentication: { type: 'OIDC_TOKEN' },
            headers: { authorization: 'Bearer secret' },
          },
        }),
      [
        'uptime check api: httpCheck.acceptedResponseStatusCodes[0].statusClass',
        'uptime check api: httpCheck.acceptedResponseStatusCodes[1]',
        'uptime check api: httpCheck.headers',
        'uptime check api: httpCheck.path',
        'uptime check api: httpCheck.validateSsl',
      ],
    ],
    [
      'a dashboard with a tile more, in front, and another text',
      (world) =>
        changeDashboard(world, 'Highwater: on call', (tiles) => [
          { width: 8, height: 8, widget: { title: 'Mine', text: { content: 'x' } } },
          ...tiles.map((tile) => {
            const widget = jsonOf(tile['widget']);
            return widget['title'] === 'Promises'
              ? { ...tile, widget: { ...widget, sectionHeader: { subtitle: 'none' } } }
              : tile;
          }),
        ]),
      [
        'dashboard on-call: mosaicLayout.tiles["Mine"]',
        'dashboard on-call: mosaicLayout.tiles["Promises"].widget.sectionHeader.dividerBelow',
        'dashboard on-call: mosaicLayout.tiles["Promises"].widget.sectionHeader.subtitle',
      ],
    ],
    [
      'a dashboard, a channel and an SLO of Highwater’s that nobody defines',
      async (world) => {
        await world.ask('POST', `v1/${PARENT}/dashboards`, { displayName: 'Highwater: mine' });
        await world.ask('POST', `v3/${PARENT}/notificationChannels`, {
          displayName: 'Highwater prod: hook',
          type: 'webhook_tokenauth',
          labels: { url: 'https://example.com/?token=secret' },
        });
        const slos = `v3/${PARENT}/services/highwater/serviceLevelObjectives`;
        await world.ask('POST', `${slos}?serviceLevelObjectiveId=mine`, {
          displayName: 'Mine',
          goal: 0.5,
        });
      },
      [
        'not defined: SLO Mine',
        'not defined: notification channel Highwater prod: hook',
        'not defined: dashboard Highwater: mine',
      ],
    ],
    [
      'what is not Highwater’s, or of another environment, is passed over',
      async (world) => {
        await world.ask('POST', `v1/${PARENT}/dashboards`, { displayName: 'Costs' });
        await world.ask('POST', `v3/${PARENT}/services?serviceId=other`, { displayName: 'Other' });
        await world.ask('POST', `v3/${PARENT}/notificationChannels`, {
          displayName: 'Highwater dev: team',
          type: 'email',
          labels: { email_address: 'dev@example.com' },
        });
        await world.ask('POST', `v3/${PARENT}/alertPolicies`, {
          displayName: 'Mine',
          userLabels: { environment: 'dev', policy: 'a', route: 'page' },
          conditions: [{ displayName: 'c', conditionThreshold: { filter: 'x' } }],
        });
      },
      [],
    ],
  ];

for (const [what, edit, expected] of EDITS) {
  test.serial(`by hand: ${what}`, async (t) => {
    const world = await openWorld(t);
    await edit(world);
    const findings = await world.drift();
    t.deepEqual(pathsOf(findings), [...expected]);
    t.false(JSON.stringify(findings).includes('secret'), 'no secret is told');
  });
}

test.serial('both values of a changed field are told, in the API’s words', async (t) => {
  const world = await openWorld(t);
  await world.edit('alertPolicies', LATENCY, {
    alertStrategy: { autoClose: '3600.0s', notificationPrompts: ['CLOSED', 'OPENED'] },
  });
  const [finding] = await world.drift();
  t.deepEqual(finding?.finding === 'changed' ? finding.fields : [], [
    { path: 'alertStrategy.autoClose', deployed: '3600s', defined: '1800s' },
  ]);
});

async function nameOf(world: World, collection: string, displayName: string): Promise<string> {
  const found = [...world.apis.cloud.resources].find(
    ([key, body]) => key.includes(`/${collection}/`) && body['displayName'] === displayName,
  );
  if (!found) throw new Error(`no ${displayName}`);
  return found[0].slice('monitoring/'.length);
}

async function changePolicy(
  world: World,
  displayName: string,
  change: (policy: Json) => Json | Promise<Json>,
): Promise<void> {
  const name = await nameOf(world, 'alertPolicies', displayName);
  const changed = await change(await world.ask('GET', `v3/${name}`));
  await world.edit('alertPolicies', displayName, changed);
}

async function changeDashboard(
  world: World,
  displayName: string,
  change: (tiles: readonly Json[]) => readonly Json[],
): Promise<void> {
  const name = await nameOf(world, 'dashboards', displayName);
  const { mosaicLayout } = await world.ask('GET', `v1/${name}`);
  const layout = jsonOf(mosaicLayout);
  const tiles = change(listOf(layout['tiles']).map(jsonOf));
  await world.edit('dashboards', displayName, { mosaicLayout: { ...layout, tiles } });
}
