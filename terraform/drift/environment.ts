/** The part of an environment's variables (`environments/NAME.tfvars`) that Cloud Monitoring is made from. */
import { z } from 'zod';
import { AppError } from '../../runtime/index.ts';

const route = z.enum(['page', 'ticket']);
/** Types and defaults are those of `variables.tf`. */
const schema = z.object({
  environment: z.string(),
  project_id: z.string(),
  own_metrics_exist: z.boolean().default(false),
  api: z.object({ iap: z.boolean().default(true) }).prefault({}),
  emails: z
    .record(
      z.string(),
      z.object({ address: z.string(), routes: z.array(route).default(['page', 'ticket']) }),
    )
    .default({}),
  pagerduty: z
    .record(z.string(), z.object({ routes: z.array(route).default(['page']) }))
    .default({}),
});

export type Environment = z.infer<typeof schema>;

/**
 * @param variables by name, already merged
 * @throws AppError `invalid_argument` with every problem
 */
export function parseEnvironment(
  variables: Readonly<Record<string, unknown>>,
  files: readonly string[],
): Environment {
  const parsed = schema.safeParse(variables);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      ({ path, message }) => `\n  ${path.join('.')}: ${message}`,
    );
    throw new AppError('invalid_argument', `${files.join(', ')}:${problems.join('')}`);
  }
  const unknown = Object.keys(schema.shape).filter((name) =>
    /(?<!\$)[$%]\{/.test(JSON.stringify(variables[name] ?? '')),
  );
  if (unknown.length > 0) {
    throw new AppError(
      'invalid_argument',
      `${files.join(', ')}: expected plain values, such as "on-call@example.com"; got an expression in ${unknown.join(', ')}`,
    );
  }
  return parsed.data;
}
