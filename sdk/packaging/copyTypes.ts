import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'

/** `from './a.ts'`, `import '…'` and `import('…')` of a declaration file. */
const SPECIFIER = /(\bfrom\s+|\bimport\s*\(?\s*)(['"])([^'"]+)\2/g
/** Workspaces that are never published: what a package says of their types goes along with it. */
const INLINED = /^@shared\/(\w+)\/(\w+)$/

/**
 * Copies the declarations that `tsc` wrote for `<built>/index` with all that they refer to, twice: `.d.ts` for import and
 * `.d.cts` for require. TypeScript 7 has no compiler API that a bundler of declarations could use.
 *
 *   index.d.ts ─▶ its specifiers ─▶ './x.ts' and '@shared/domain/x' are copied too, packages stay as they are
 */
export async function copyTypes(built: string, into: string): Promise<void> {
  const resolve = createRequire(path.join(built, '..', 'package.json')).resolve
  const waiting = [{ file: path.join(built, 'index.d.ts'), place: 'index' }]
  const seen = new Set(['index'])
  await mkdir(into, { recursive: true })
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { file, place } = next
    const targets = new Map<string, string>()
    const text = (await readFile(file, 'utf8')).replace(/^\/\/# sourceMappingURL=.*$/m, '')
    for (const [, , , specifier = ''] of text.matchAll(SPECIFIER)) {
      const target = locate(specifier, file, place, resolve)
      if (!target) continue
      targets.set(specifier, target.place)
      if (!seen.has(target.place)) waiting.push(target)
      seen.add(target.place)
    }
    for (const kind of ['js', 'cjs'] as const) {
      const copy = text.replace(SPECIFIER, (whole, before: string, quote: string, specifier: string) => {
        const target = targets.get(specifier)
        return target === undefined ? whole : `${before}${quote}${relative(place, target)}.${kind}${quote}`
      })
      const copied = path.join(into, `${place}.d.${kind === 'js' ? 'ts' : 'cts'}`)
      await mkdir(path.dirname(copied), { recursive: true })
      await writeFile(copied, copy)
    }
  }
}

interface Declaration {
  file: string
  /** Where it goes, without an ending. */
  place: string
}

function locate(
  specifier: string,
  file: string,
  place: string,
  resolve: (specifier: string) => string,
): Declaration | null {
  if (specifier.startsWith('.')) {
    const bare = specifier.replace(/\.[jt]sx?$/, '')
    const target = path.join(path.dirname(file), `${bare}.d.ts`)
    return { file: target, place: path.posix.join(path.posix.dirname(place), bare) }
  }
  const inlined = INLINED.exec(specifier)
  if (!inlined) return null
  return { file: resolve(specifier).replace(/\.js$/, '.d.ts'), place: `${inlined[1]}/${inlined[2]}` }
}

function relative(from: string, to: string): string {
  const way = path.posix.relative(path.posix.dirname(from), to)
  return way.startsWith('.') ? way : `./${way}`
}
