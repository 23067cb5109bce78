import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { rolldown } from 'rolldown'

/** One file of modern JavaScript for import and one for require; what the package depends on stays outside. */
export async function bundle(entry: string, dependencies: readonly string[], into: string): Promise<void> {
  const directive = /^'use client'/.exec(await readFile(entry, 'utf8'))
  // A bundler of server components has to find it on the first line.
  const banner = directive ? { banner: `${directive[0]};` } : {}
  const build = await rolldown({
    input: entry,
    platform: 'neutral',
    external: dependencies.map((name) => new RegExp(`^${name}(/|$)`)),
    treeshake: { moduleSideEffects: false },
    onLog(level, log) {
      if (log.code === 'MODULE_LEVEL_DIRECTIVE') return
      if (level === 'warn') throw new Error(`${entry}: ${log.message}`)
    },
  })
  await build.write({ format: 'esm', file: path.join(into, 'index.js'), sourcemap: true, ...banner })
  await build.write({ format: 'cjs', file: path.join(into, 'index.cjs'), sourcemap: true, exports: 'named', ...banner })
  await build.close()
}
