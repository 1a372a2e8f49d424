/** The variables by Terraform itself, with no provider: what is shipped fits, and what is wrong is refused with what would pass. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { ROOT } from '../dashboards/shipped.ts';
import { findTerraform, openWorkspace } from './terraform-command.ts';

/** Variables alone: without a provider or a module, `plan` needs neither a registry nor a project. */
const VARIABLES =
  /^(?:definitions\.tf|variables\.tf|environments|environments\/\w+\.tfvars|definitions\.auto\.tfvars\.json)$/;

test('every file is formatted', async (t) => {
  const terraform = findTerraform(t);
  if (!terraform) return;
  const workspace = openWorkspace(terraform);
  try {
    t.deepEqual(await workspace.run(['fmt', '-check', '-recursive']), { code: 0, output: '' });
  } finally {
    workspace.remove();
  }
});

test('the compiled variables and those of each environment fit the types and the validations', async (t) => {
  const terraform = findTerraform(t);
  if (!terraform) return;
  const workspace = openWorkspace(terraform, (path) => VARIABLES.test(path));
  try {
    for (const environment of ['dev', 'prod']) {
      const { code, output } = await workspace.run([
        'plan',
        '-input=false',
        `-var-file=environments/${environment}.tfvars`,
      ]);
      t.is(code, 0, output);
      t.regex(output, /No changes/);
    }
  } finally {
    workspace.remove();
  }
});

interface Slo {
  goal: number;
  rolling_period_days: number;
}
interface Compiled {
  slos: Record<string, Slo>;
  alert_policies: Record<string, object>;
  dashboards: Record<string, string>;
}

const POLICY = {
  display_name: 'A',
  severity: 'CRITICAL',
  route: 'page',
  subject: 'a',
  documentation: 'a',
  auto_close_seconds: 1800,
  labels: {},
  conditions: [{ name: 'a', query: 'up', duration_seconds: 0, evaluation_interval_seconds: 60 }],
};
const setPolicy = (change: object) => (compiled: Compiled) => {
  compiled.alert_policies = { a: { ...POLICY, ...change } };
};
const setSlo = (change: Partial<Slo>) => (compiled: Compiled) => {
  Object.assign(compiled.slos['api-availability']!, change);
};
const nothing = () => {};

/** What is wrong, how the compiled variables are broken, further variables, and what is said. */
const WRONG: readonly (readonly [string, (compiled: Compiled) => void, string, RegExp])[] = [
  [
    'an objective of 101 %',
    setSlo({ goal: 1.01 }),
    '',
    /slos: expected a goal above 0 and at most 0\.9999, such as 0\.999/,
  ],
  [
    'a window of 31 days',
    setSlo({ rolling_period_days: 31 }),
    '',
    /expected rolling_period_days from 1 to 30, such as 30/,
  ],
  [
    'an SLO of two indicators',
    setSlo({ distribution_cut: { filter: 'a', max: 1 } } as Partial<Slo>),
    '',
    /expected exactly one of good_total_ratio/,
  ],
  [
    'an unknown severity',
    setPolicy({ severity: 'LOUD' }),
    '',
    /expected a severity of CRITICAL, ERROR or WARNING, such as CRITICAL/,
  ],
  [
    'an unknown route',
    setPolicy({ route: 'shout' }),
    '',
    /expected a route of page or ticket, such as page/,
  ],
  [
    'a policy without conditions',
    setPolicy({ conditions: [] }),
    '',
    /expected one to six conditions/,
  ],
  [
    'a documentation that is too long',
    setPolicy({ documentation: 'a'.repeat(8193) }),
    '',
    /expected a documentation of at most 8192 characters/,
  ],
  [
    'an incident that closes too soon',
    setPolicy({ auto_close_seconds: 60 }),
    '',
    /expected auto_close_seconds of 1800 or more, such as 1800/,
  ],
  [
    'a label in capitals',
    setPolicy({ labels: { SLO: 'a' } }),
    '',
    /expected labels of lower-case letters/,
  ],
  [
    'an email that is none',
    nothing,
    'emails = { a = { address = "on-call at example.com" } }',
    /emails: expected an address such as on-call@example\.com/,
  ],
  [
    'a secret by its whole name',
    nothing,
    'pagerduty = { a = { secret = "projects/p/secrets/key", version = 1 } }',
    /expected the name of a secret, such as pagerduty-key/,
  ],
  [
    'everyone as a caller',
    nothing,
    'api = { callers = ["allUsers"] }',
    /everyone \(allUsers\) may not come in/,
  ],
  [
    'no ingester',
    nothing,
    'ingester = { instances = 0 }',
    /expected 1 or more: with none the data stand still/,
  ],
  ['an unknown environment', nothing, 'environment = "test"', /expected dev or prod, such as dev/],
];

test('what is wrong is refused, with a value that would pass', async (t) => {
  const terraform = findTerraform(t);
  if (!terraform) return;
  const workspace = openWorkspace(terraform, (path) => VARIABLES.test(path));
  const text = readFileSync(join(ROOT, 'terraform/definitions.auto.tfvars.json'), 'utf8');
  try {
    for (const [what, breakIt, variables, wanted] of WRONG) {
      const compiled = JSON.parse(text) as Compiled;
      breakIt(compiled);
      writeFileSync(join(workspace.path, 'definitions.auto.tfvars.json'), JSON.stringify(compiled));
      writeFileSync(join(workspace.path, 'wrong.tfvars'), `${variables}\n`);
      const { code, output } = await workspace.run([
        'plan',
        '-input=false',
        '-var-file=environments/dev.tfvars',
        '-var-file=wrong.tfvars',
      ]);
      t.is(code, 1, what);
      // Terraform breaks lines and draws a frame around them.
      t.regex(output.replace(/[\s│╷╵]+/g, ' '), wanted, what);
    }
  } finally {
    workspace.remove();
  }
});
