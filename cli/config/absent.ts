/**
 * What stands in for an import that the server side has no use for or can't load: React, styles, pictures, packages that
 * aren't installed or want a browser. It takes whatever a module does with it at load (calls, `extends`, members of
 * members), so that components may be defined; where it ends up in a member that the server reads, the config is refused
 * with the import's name. Bundled into the config, so this file imports nothing.
 */
export interface Absence {
  /** As it is imported, e.g. `zod`. */
  name: string
  /** Completes the sentence "`zod` …". */
  reason: string
}

const ABSENCE = Symbol.for('agentview.config.absence')

/** A stand-in for an import. */
export function absent(name: string, reason: string): unknown {
  const absence: Absence = { name, reason }
  const root = standIn(absence, null)
  // Bundled named imports are looked up along the prototype; a stand-in that were its own would make `instanceof` endless.
  return standIn(absence, root)
}

/** The import that a value stands in for, or comes from. */
export function absenceOf(value: unknown): Absence | undefined {
  if (typeof value !== 'function') return undefined
  return Reflect.get(value, ABSENCE) as Absence | undefined
}

function standIn(absence: Absence, prototype: object | null): object {
  const another = () => standIn(absence, prototype)
  return new Proxy(function () {}, {
    get: (_target, key) => memberOf(absence, key, another),
    apply: another,
    construct: another,
    getPrototypeOf: () => prototype,
  })
}

function memberOf(absence: Absence, key: string | symbol, another: () => object): unknown {
  if (key === ABSENCE) return absence
  if (key === Symbol.toPrimitive) return () => `[${absence.name}]`
  if (key === Symbol.iterator) return () => [][Symbol.iterator]()
  // Not a promise (awaiting it would never end), not a transpiled module (its default is the stand-in itself).
  if (typeof key === 'symbol' || key === 'then' || key === '__esModule' || key === 'toJSON') return undefined
  return another()
}
