import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { PUBLISHED, ROOT, stageOf } from '../packages.ts'

export const run = promisify(execFile)

export interface Packed {
  /** By workspace, the tarball that would be published. */
  tarballs: Readonly<Record<(typeof PUBLISHED)[number], string>>
  /** A folder for the test. */
  folder: string
  /** Where a package lies unpacked. */
  stageOf(workspace: (typeof PUBLISHED)[number]): string
  remove(): Promise<void>
}

/** Builds the published packages from the sources as they are, and packs them as `npm publish` would; each caller has its own. */
export async function pack(): Promise<Packed> {
  const folder = await mkdtemp(path.join(tmpdir(), 'agentview-packed-'))
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc')
  await run(process.execPath, [tsc, '-b', 'sdk/packaging', ...PUBLISHED], { cwd: ROOT })
  await run(process.execPath, ['sdk/packaging/dist/main.js', path.join(folder, 'stage')], { cwd: ROOT })
  const ownStageOf = (workspace: string) => stageOf(workspace, path.join(folder, 'stage'))
  const packed = await Promise.all(
    PUBLISHED.map(async (workspace) => {
      const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], {
        cwd: ownStageOf(workspace),
      })
      const [{ filename }] = JSON.parse(stdout) as [{ filename: string }]
      return [workspace, path.join(folder, filename)] as const
    }),
  )
  return {
    tarballs: Object.fromEntries(packed) as Packed['tarballs'],
    folder,
    stageOf: ownStageOf,
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
