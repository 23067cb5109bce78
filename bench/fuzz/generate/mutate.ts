import fc from 'fast-check'
import { type Json, isObject } from '@shared/domain/json'
import { hostileJson } from './hostile.ts'

/** One change of a valid value: at a place, what becomes of it. */
interface Mutation {
  place: number
  kind: 'replace' | 'remove' | 'add' | 'repeat'
  /** A JSON text. */
  text: string
}

const mutations: fc.Arbitrary<Mutation> = fc.record({
  place: fc.nat({ max: 40 }),
  kind: fc.constantFrom('replace', 'replace', 'replace', 'remove', 'add', 'repeat'),
  text: hostileJson,
})

/** JSON texts that differ from a valid value in a place or two. */
export function nearlyValid(values: fc.Arbitrary<Json>): fc.Arbitrary<string> {
  return fc
    .tuple(values, fc.array(mutations, { minLength: 1, maxLength: 2 }))
    .map(([value, changes]) => mutate(value, changes))
}

/** Replaced values are put in as texts: marks stand for them until the whole is text. */
function mutate(value: Json, changes: readonly Mutation[]): string {
  const marks = new Map<string, string>()
  const root = { whole: structuredClone(value) }
  for (const [index, change] of changes.entries()) {
    const mark = `#mark ${index}#`
    marks.set(`"${mark}"`, change.text)
    apply(root, change, mark)
  }
  let text = JSON.stringify(root.whole) ?? ''
  for (const [mark, replacement] of marks) text = text.replace(mark, () => replacement)
  return text
}

interface Place {
  holder: Record<string, Json> | Json[]
  key: string | number
}

function apply(root: Record<string, Json>, { place, kind }: Mutation, mark: string): void {
  const places = placesIn(root)
  const chosen = places[place % places.length]
  if (!chosen) return
  const { holder, key } = chosen
  const at = (holder as Record<string | number, Json>)[key]!
  if (kind === 'add') return add(at, mark)
  if (kind === 'repeat' && Array.isArray(at)) return void at.push(...structuredClone(at))
  if (kind === 'remove' && holder !== root) return remove(holder, key)
  ;(holder as Record<string | number, Json>)[key] = mark
}

function add(to: Json, mark: string): void {
  if (Array.isArray(to)) to.push(mark)
  else if (isObject(to)) to['unknown'] = mark
}

function remove(holder: Place['holder'], key: string | number): void {
  if (Array.isArray(holder)) holder.splice(Number(key), 1)
  else delete holder[key]
}

function placesIn(holder: Place['holder']): Place[] {
  const keys = Array.isArray(holder) ? holder.keys() : Object.keys(holder)
  return [...keys].flatMap((key) => {
    const member = (holder as Record<string | number, Json>)[key]!
    const here: Place = { holder, key }
    return typeof member === 'object' && member !== null ? [here, ...placesIn(member)] : [here]
  })
}
