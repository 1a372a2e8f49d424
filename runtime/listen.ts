/** Puts a server on its port, or says in one sentence why not. */
import type { AddressInfo, Server } from 'node:net';
import { AppError } from './errors.ts';

/**
 * Listens on `host:port` and resolves with the port; port 0 takes a free one. `setting` is what chooses the port.
 * @throws AppError `address_in_use` that names the port and the setting, `invalid_config` for any other refusal.
 */
export function listenOn(
  server: Server,
  at: { readonly host: string; readonly port: number },
  setting: string,
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(refusal(error, at, setting)));
    server.listen(at.port, at.host, () => resolve((server.address() as AddressInfo).port));
  });
}

function refusal(
  error: NodeJS.ErrnoException,
  { host, port }: { readonly host: string; readonly port: number },
  setting: string,
): AppError {
  if (error.code === 'EADDRINUSE') {
    return new AppError(
      'address_in_use',
      `Port ${port} on ${host} is in use by another process. Stop it, or set ${setting} to a free port, such as ${setting}=${port + 1}.`,
      { cause: error },
    );
  }
  return new AppError(
    'invalid_config',
    `Nothing can listen on ${host}:${port} (${error.code ?? error.message}); set ${setting} and HIGHWATER_HOST to an address of this machine.`,
    { cause: error },
  );
}
