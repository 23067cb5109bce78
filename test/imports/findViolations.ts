import { isBuiltin } from 'node:module'
import path from 'node:path'
import { ARROWS, MAY_READ_ENVIRONMENT } from './arrows.ts'
import type { Source } from './readSource.ts'

/** A workspace. */
export interface Package {
  name: string
  /** Relative to the repository. */
  folder: string
  /** Names in any of its package.json's dependency lists. */
  dependencies: string[]
}

/** Each breach of the import rules, as `file: what is wrong`. */
export function findViolations(packages: Package[], sources: Source[]): string[] {
  return sources.flatMap((source) => {
    const from = packages.find(({ folder }) => isInside(folder, source.file))
    if (!from) return [`${source.file}: belongs to no workspace`]
    const wrong = source.specifiers.flatMap((specifier) => judge(specifier, source.file, from, packages) ?? [])
    if (source.readsEnvironment && !matchesAny(MAY_READ_ENVIRONMENT, from.folder)) wrong.push('reads process.env')
    return wrong.map((reason) => `${source.file}: ${reason}`)
  })
}

function judge(specifier: string, file: string, from: Package, packages: Package[]): string | null {
  if (specifier.startsWith('.')) {
    const target = path.posix.join(path.posix.dirname(file), specifier)
    return isInside(from.folder, target) ? null : `${specifier} leaves its package`
  }
  if (isBuiltin(specifier)) return null
  const name = packageNameOf(specifier)
  const target = packages.find((candidate) => candidate.name === name)
  if (target && target !== from && !mayImport(from.folder, target.folder)) return `must not import ${name}`
  return target === from || from.dependencies.includes(name) ? null : `${name} is not in its package.json`
}

function mayImport(from: string, target: string): boolean {
  const rule = Object.entries(ARROWS).find(([pattern]) => matches(pattern, from))
  return rule !== undefined && matchesAny(rule[1], target)
}

function matchesAny(patterns: readonly string[], folder: string): boolean {
  return patterns.some((pattern) => matches(pattern, folder))
}

/** `services/*` is any folder in services, `*` any folder at all. */
function matches(pattern: string, folder: string): boolean {
  return pattern.endsWith('*') ? folder.startsWith(pattern.slice(0, -1)) : folder === pattern
}

function isInside(folder: string, file: string): boolean {
  return file.startsWith(`${folder}/`)
}

function packageNameOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}
