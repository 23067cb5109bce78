import path from 'node:path'

/** The packages that are published, each before those that depend on it. */
export const PUBLISHED = ['sdk/contracts', 'sdk/client', 'sdk/react'] as const

/** The repository, seen from `sdk/packaging/dist` and from `sdk/packaging` alike. */
export const ROOT = path.resolve(import.meta.dirname, import.meta.dirname.endsWith('dist') ? '../../..' : '../..')

/** Where a package is made ready for `npm pack`: beside what was built, or in a folder of the caller's. */
export function stageOf(workspace: string, folder?: string): string {
  return folder === undefined ? path.join(ROOT, workspace, 'dist', 'package') : path.join(folder, workspace)
}
