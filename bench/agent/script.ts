import { type Json, isObject } from '@shared/domain/json'

/** The name under which the bench's agent app is published. */
export const AGENT = 'bench'

/** What a run of the bench's agent app is to do; a part of the input item. */
export interface Script {
  /** Pieces of text that it streams. */
  deltas: number
  /** Between two of them; 0: all at once, with the end, in one write. */
  everyMs: number
  /** Before the first. */
  thinkMs: number
  /** Each piece tells when it was sent. */
  timed: boolean
}

export const PLAIN: Script = { deltas: 10, everyMs: 0, thinkMs: 0, timed: false }

/** A message whose run does as the script says: `content` is the beginning of the answer, so that no two are alike. */
export function messageOf(content: string, script: Partial<Script> = {}) {
  return { type: 'message', role: 'user', content, ...(Object.keys(script).length > 0 && { script }) }
}

/** What an input asks for. */
export function readScript(input: Json | undefined): { content: string; script: Script } {
  if (!isObject(input)) return { content: '', script: PLAIN }
  const content = typeof input.content === 'string' ? input.content : ''
  return { content, script: isObject(input.script) ? { ...PLAIN, ...input.script } : PLAIN }
}

/** More than ASCII, so that bytes which are cut apart show. */
const WORDS = ['The', 'answer', 'grows', 'Stück', 'für', 'Stück', '—', 'until', 'done', '✓']

/** Every piece of an answer that is not timed; joined, they are its text. */
export function piecesOf(content: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${index === 0 ? content : WORDS[index % WORDS.length]} `)
}

/** A piece that tells when it was sent: of the same length for the next two centuries. */
export function timedPiece(index: number, at: number): string {
  return `${at.toFixed(2)}#${String(index).padStart(6, '0')};`
}

export interface TimedPiece {
  /** Milliseconds since the epoch, on this machine's clock. */
  at: number
  index: number
}

/** The pieces of a timed text, as far as it has come. */
export function readTimedPieces(text: string): TimedPiece[] {
  return Array.from(text.matchAll(/(\d+\.\d\d)#(\d{6});/g), ([, at, index]) => ({
    at: Number(at),
    index: Number(index),
  }))
}

/** Now, as timed pieces tell it: finer than Date.now(), and the same in all processes of a machine. */
export function preciseNow(): number {
  return performance.timeOrigin + performance.now()
}
