import { isAbsolute, relative } from 'node:path'

/** Where in a value: member names and array indices. */
export type Path = readonly (string | number)[]

/** A place in a source file. Lines and columns count from 1. */
export interface Place {
  file: string
  line?: number
  column?: number
}

/** The one mistake of a config that a person is told: `file:line:column: what is wrong and what is expected`. */
export class ConfigError extends Error {
  readonly place: Place

  constructor(place: Place, message: string, options?: ErrorOptions) {
    super(`${placeText(place)}: ${message}`, options)
    this.name = 'ConfigError'
    this.place = place
  }
}

/** A mistake at a path of the config's value, before its line in the source is known. */
export class ConfigMistake extends Error {
  readonly path: Path

  constructor(path: Path, message: string) {
    super(message)
    this.path = path
  }
}

/** `agents[0].runs[0].type`, or `the config` for the whole of it. */
export function pathText(path: Path): string {
  let text = ''
  for (const segment of path) {
    if (typeof segment === 'number') text += `[${segment}]`
    else if (/^[\w$-]+$/.test(segment)) text += text === '' ? segment : `.${segment}`
    else text += `[${JSON.stringify(segment)}]`
  }
  return text === '' ? 'the config' : text
}

/** A JSON Pointer's segments; what looks like an index is taken for one. */
export function segmentsOf(pointer: string): (string | number)[] {
  if (pointer === '') return []
  return pointer
    .slice(1)
    .split('/')
    .map((segment) => (/^\d+$/.test(segment) ? Number(segment) : segment.replaceAll('~1', '/').replaceAll('~0', '~')))
}

/** `; it is "x"` for a plain value at a path within `root`, else nothing. */
export function givenText(root: unknown, path: Path): string {
  let value = root
  for (const segment of path)
    value = typeof value === 'object' && value !== null ? Reflect.get(value, segment) : undefined
  if (typeof value === 'function') return '; it is a function'
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return ''
  const text = JSON.stringify(value)
  return `; it is ${text.length > 80 ? `${text.slice(0, 80)}…` : text}`
}

/** What was thrown, in words. */
export function messageOf(thrown: unknown): string {
  return hasText(thrown, 'message') ? thrown.message : String(thrown)
}

/** True for an object with a text member of that name. By shape: what a config throws may be of another realm. */
export function hasText<Name extends string>(value: unknown, name: Name): value is Record<Name, string> {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, name) === 'string'
}

function placeText({ file, line, column }: Place): string {
  const fromHere = relative(process.cwd(), file)
  const name = fromHere === '' || fromHere.startsWith('..') || isAbsolute(fromHere) ? file : fromHere
  return [name, line, line === undefined ? undefined : column].filter((part) => part !== undefined).join(':')
}
