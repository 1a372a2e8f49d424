/** Which e-mail addresses have which roles. */
import { ROLES } from './principal.ts';
import type { Role } from './principal.ts';

/** For each role, addresses in lower case: `ann@example.com`, `*@example.com`, or `*` for everyone who is verified. */
export type Grants = Readonly<Record<Role, readonly string[]>>;

/** The roles of an address; none where nothing names it. */
export function rolesOf(grants: Grants, email: string): readonly Role[] {
  const address = email.toLowerCase();
  const domain = `*${address.slice(address.lastIndexOf('@'))}`;
  return ROLES.filter((role) =>
    grants[role].some((each) => each === address || each === domain || each === '*'),
  );
}
