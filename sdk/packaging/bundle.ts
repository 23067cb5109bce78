import path from 'node:path'
import { rolldown } from 'rolldown'

/** One file of modern JavaScript for import and one for require; what the package depends on stays outside. */
export async function bundle(entry: string, dependencies: readonly string[], into: string): Promise<void> {
  const build = await rolldown({
    input: entry,
    platform: 'neutral',
    external: dependencies.map((name) => new RegExp(`^${name}(/|$)`)),
    treeshake: { moduleSideEffects: false },
    onLog(level, log) {
      if (level === 'warn') throw new Error(`${entry}: ${log.message}`)
    },
  })
  await build.write({ format: 'esm', file: path.join(into, 'index.js'), sourcemap: true })
  await build.write({ format: 'cjs', file: path.join(into, 'index.cjs'), sourcemap: true, exports: 'named' })
  await build.close()
}
