import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import type { Package } from './findViolations.ts'
import { type Source, readSource } from './readSource.ts'

const LISTS = ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies']
const NOT_OURS = new Set(['dist', 'node_modules', 'test'])

/** The workspaces that the repository's package.json lists. */
export function readPackages(root: string): Package[] {
  const folders = strings(readJson(path.join(root, 'package.json')).workspaces)
  return folders.map((folder) => {
    const manifest = readJson(path.join(root, folder, 'package.json'))
    const dependencies = LISTS.flatMap((list) => Object.keys(objectOr(manifest[list])))
    return { name: String(manifest.name), folder, dependencies }
  })
}

/** All TypeScript sources of the workspaces, without tests and what was built. */
export function readSources(root: string, packages: Package[]): Source[] {
  return packages.flatMap(({ folder }) =>
    sourceFiles(root, folder).map((file) => readSource(file, readFileSync(path.join(root, file), 'utf8'))),
  )
}

function sourceFiles(root: string, folder: string): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const place = path.posix.join(folder, entry.name)
    if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : sourceFiles(root, place)
    return /\.tsx?$/.test(entry.name) ? [place] : []
  })
}

function readJson(file: string): Record<string, unknown> {
  return objectOr(JSON.parse(readFileSync(file, 'utf8')))
}

function objectOr(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []
}
