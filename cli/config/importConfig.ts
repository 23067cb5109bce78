import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { SourceMap } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Bundle, bundleConfig, LITERALS } from './bundleConfig.ts'
import { ConfigError, hasText, messageOf, type Place } from './configError.ts'
import { type Literal, sourceColumn } from './markLiterals.ts'

/** What a config exports by default, with what traces its values to their lines. */
export interface LoadedConfig {
  value: unknown
  /** Where `export default` stands. */
  place: Place
  /** The literal in the source that made a value, if one did. */
  literalOf: (value: unknown) => Literal | undefined
  /** The user's own files that it was made of. */
  files: string[]
}

interface ConfigModule {
  default?: unknown
  [LITERALS]?: WeakMap<object, number>
}

/** Loads a config afresh. Throws ConfigError when it can't be compiled or throws. */
export async function importConfig(file: string): Promise<LoadedConfig> {
  const bundle = await loadableBundle(file)
  const module = await evaluate(file, bundle)
  const { sources } = bundle
  return {
    value: module.default,
    place: { file, ...sources.defaultExports.get(file) },
    literalOf: (value) => {
      const number = typeof value === 'object' && value !== null ? module[LITERALS]?.get(value) : undefined
      return number === undefined ? undefined : sources.literals[number]
    },
    files: bundle.files,
  }
}

/** Packages that can't be loaded here (they want a browser, or a bundler) are most often those of components. */
async function loadableBundle(file: string): Promise<Bundle> {
  const bundle = await bundleConfig(file, new Map())
  const unloadable = new Map<string, string>()
  for (const url of bundle.packages) {
    try {
      await import(url)
    } catch (error) {
      unloadable.set(url, `can not be loaded on the server side (${messageOf(error)})`)
    }
  }
  return unloadable.size === 0 ? bundle : bundleConfig(file, unloadable)
}

/** Runs the bundle from a file of its own, whose name is new each time: Node keeps what it once imported. */
async function evaluate(file: string, bundle: Bundle): Promise<ConfigModule> {
  const folder = await mkdtemp(join(tmpdir(), 'agentview-config-'))
  const path = join(folder, 'config.mjs')
  try {
    await writeFile(path, bundle.code)
    return (await import(pathToFileURL(path).href)) as ConfigModule
  } catch (thrown) {
    throw new ConfigError(throwPlace(file, bundle, basename(folder), thrown), `can't be loaded: ${nameOf(thrown)}`, {
      cause: thrown,
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The topmost line of the user's own source in the stack of what a config threw. */
function throwPlace(file: string, { sourceMap, sources }: Bundle, folder: string, thrown: unknown): Place {
  if (!hasText(thrown, 'stack')) return { file }
  const map = new SourceMap(JSON.parse(sourceMap) as ConstructorParameters<typeof SourceMap>[0])
  for (const [, line, column] of thrown.stack.matchAll(
    new RegExp(`${folder}[\\\\/]config\\.mjs:(\\d+)(?::(\\d+))?`, 'g'),
  )) {
    const entry = map.findEntry(Number(line) - 1, Number(column ?? 1) - 1)
    if (!('originalSource' in entry) || /^[a-z-]{2,}:|node_modules/.test(entry.originalSource)) continue
    const source = resolve(dirname(file), entry.originalSource)
    const position = { line: entry.originalLine + 1, column: entry.originalColumn + 1 }
    // Without a column in the stack the mapped one is only that of the line's first token.
    if (column === undefined) return { file: source, line: position.line }
    return { file: source, line: position.line, column: sourceColumn(sources, source, position) }
  }
  return { file }
}

function nameOf(thrown: unknown): string {
  return hasText(thrown, 'name') ? `${thrown.name}: ${messageOf(thrown)}` : messageOf(thrown)
}
