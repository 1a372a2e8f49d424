/** The variables of an environment as Terraform reads them: its `.tfvars` file, then further ones. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { parse } from '@cdktf/hcl2json';
import { AppError, messageOf } from '../runtime/index.ts';
import { parseEnvironment } from '../terraform/index.ts';
import type { Environment } from '../terraform/index.ts';

const FOLDER = 'terraform/environments';

/**
 * `terraform/environments/NAME.tfvars`, and `varFiles` over it, each variable as a whole.
 * @throws AppError `invalid_argument` where there is none, or it cannot be read
 */
export async function readEnvironment(
  name: string,
  varFiles: readonly string[],
): Promise<Environment> {
  const own = `${FOLDER}/${name}.tfvars`;
  if (!/^[\w-]+$/.test(name) || !existsSync(own)) {
    const names = existsSync(FOLDER)
      ? readdirSync(FOLDER).flatMap((file) => /^(.*)\.tfvars$/.exec(file)?.[1] ?? [])
      : [];
    throw new AppError(
      'invalid_argument',
      `--environment: expected one of ${names.join(', ') || `${FOLDER} in this folder`}; got ${name}`,
    );
  }
  const files = [own, ...varFiles];
  const parsed = await Promise.all(files.map(variablesOf));
  const environment = parseEnvironment(Object.assign({}, ...parsed), files);
  if (environment.environment !== name) {
    throw new AppError(
      'invalid_argument',
      `${own}: expected environment = "${name}"; got ${environment.environment}`,
    );
  }
  return environment;
}

/** By HashiCorp's own reader of the language; JSON as it is. */
async function variablesOf(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const text = readFileSync(file, 'utf8');
    const found: unknown = file.endsWith('.json') ? JSON.parse(text) : await parse(file, text);
    return { ...(found as object) };
  } catch (error) {
    throw new AppError('invalid_argument', `${file}: ${messageOf(error)}`, { cause: error });
  }
}
