import path from 'node:path'

/** The packages that are published, each before those that depend on it. */
export const PUBLISHED = ['sdk/contracts', 'sdk/client'] as const

/** The repository, seen from `sdk/packaging/dist` and from `sdk/packaging` alike. */
export const ROOT = path.resolve(import.meta.dirname, import.meta.dirname.endsWith('dist') ? '../../..' : '../..')

/** Where a package is made ready for `npm pack`. */
export function stageOf(folder: string): string {
  return path.join(ROOT, folder, 'dist', 'package')
}
