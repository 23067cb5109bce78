import { ID_PREFIXES } from '@shared/domain/ids'
import { isObject } from '@shared/domain/json'
import { resolveReferences } from '../generate/references.ts'

const TYPE_ID = /^([a-z]+)_[0-7][0-9a-hjkmnp-tv-z]{25}$/
const PREFIXES: ReadonlySet<string> = new Set(Object.values(ID_PREFIXES))
/** Members of answers that later requests may name, by what references call them. */
const MEMBERS: Record<string, string> = { pauseId: 'pause', refreshToken: 'refresh', nextCursor: 'cursor' }
/** Of one answer; a long list holds nothing that a short one lacks. */
const LEARNED_AT_ONCE = 200

/** What a sequence may name: what its world began with, then what answers have told, in the order in which it came. */
export class Known {
  readonly #lists = new Map<string, string[]>()

  add(kind: string, ...values: string[]): void {
    const list = this.#lists.get(kind) ?? []
    this.#lists.set(kind, list)
    for (const value of values) if (!list.includes(value)) list.push(value)
  }

  /** Puts what is known in the place of references. */
  resolve(text: string): string {
    return resolveReferences(text, (kind, number) => {
      const list = this.#lists.get(kind) ?? []
      return list[number % list.length] ?? absent(kind)
    })
  }

  learn(answer: unknown): void {
    const waiting = [answer]
    for (let taken = 0; taken < LEARNED_AT_ONCE && waiting.length > 0; taken++) {
      const value = waiting.shift()
      if (Array.isArray(value)) waiting.push(...value.slice(0, LEARNED_AT_ONCE))
      else if (isObject(value)) {
        if (value['status'] === 'paused' && typeof value['id'] === 'string') this.add('paused', value['id'])
        for (const [key, member] of Object.entries(value)) {
          const kind = MEMBERS[key]
          if (kind !== undefined && typeof member === 'string') this.add(kind, member)
          else waiting.push(member)
        }
      } else if (typeof value === 'string') this.#learnId(value)
    }
  }

  #learnId(text: string): void {
    const prefix = TYPE_ID.exec(text)?.[1]
    if (prefix !== undefined && PREFIXES.has(prefix)) this.add(prefix, text)
  }
}

function absent(kind: string): string {
  if (kind === 'paused' || kind === 'outside') return 'run_01jd0000000000000000000000'
  return PREFIXES.has(kind) ? `${kind}_01jd0000000000000000000000` : `no-${kind}`
}
