/** Script, style and icon of the console: read once, compressed once, under addresses that change with their content. */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

export interface Asset {
  readonly url: string;
  readonly mediaType: string;
  readonly body: Buffer;
  readonly gzip: Buffer;
  readonly brotli: Buffer;
}

const FILES = {
  style: ['console.css', 'text/css; charset=utf-8', local('client/console.css')],
  script: ['console.js', 'text/javascript; charset=utf-8', local('client/console.js')],
  icon: ['icon.svg', 'image/svg+xml', local('client/icon.svg')],
  morph: [
    'idiomorph.js',
    'text/javascript; charset=utf-8',
    packaged('idiomorph/dist/idiomorph.min.js'),
  ],
} as const;

export type AssetName = keyof typeof FILES;
export type AssetUrls = Readonly<Record<AssetName, string>>;

/** All assets by name. */
export function loadAssets(): Readonly<Record<AssetName, Asset>> {
  const entries = Object.entries(FILES).map(([name, [file, mediaType, path]]) => {
    const body = readFileSync(path);
    const url = `/console/assets/${hash('sha256', body, 'base64url').slice(0, 12)}/${file}`;
    const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
    return [
      name,
      {
        url,
        mediaType,
        body,
        gzip: gzipSync(body, { level: 9 }),
        brotli: brotliCompressSync(body, quality),
      },
    ] as const;
  });
  return Object.fromEntries(entries) as Record<AssetName, Asset>;
}

function local(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

function packaged(specifier: string): string {
  return fileURLToPath(import.meta.resolve(specifier));
}
