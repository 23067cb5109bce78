import { type JsonObject, isObject } from '@shared/domain/json'

/**
 * What the harness' agent app says, derived from the input alone, so that the checker knows every byte of it. Each word
 * names its message and its place: a word of another attempt or message, lost or doubled, shows.
 */
export interface Script {
  words: number
  /** Between two words or steps. */
  everyMs: number
  /** Silence before anything is sent. */
  thinkMs?: number
  /** Items before the answer, and how many bytes are added to each. */
  steps?: number
  stepBytes?: number
  /** Bytes come in pieces so small that characters are cut. */
  chopped?: true
  /** It waits for a person after so many words, and says the others once it is answered. */
  pauseAfter?: number
  /** Attempts that go wrong; none without. */
  wrong?: Wrong
}

export interface Wrong {
  how: WrongName
  /** Attempts 1 … `times` go wrong. */
  times: number
  /** So many words come before; 0: nothing at all, not even headers. */
  afterWords: number
}

/** Every way of going wrong that wrongs.ts can do. */
export const WRONGS = [
  'hang',
  'drip',
  'beat',
  'reset',
  'end',
  'fin',
  'halfCharacter',
  'error',
  'badUtf8',
  'longLine',
  'badJson',
  'wrongFrame',
  'status400',
  'status404',
  'status429',
  'status500',
  'comeBackAt',
] as const
export type WrongName = (typeof WRONGS)[number]

/** A message as the agent app understands it. */
export interface Told {
  content: string
  script: Script
}

/** A message to the harness' agent app. `content` is unique in a strike. */
export function inputOf(content: string, script: Script): JsonObject {
  return { type: 'message', role: 'user', content, script: { ...script } as unknown as JsonObject }
}

/** The text and script of an input; null when it is not of ours. */
export function readInput(input: JsonObject): Told | null {
  const { content, script } = input
  if (typeof content !== 'string' || !isObject(script) || typeof script.words !== 'number') return null
  // Made by inputOf: the harness talks to itself.
  return { content, script: script as unknown as Script }
}

/** Two bytes and four in UTF-8: a split in the wrong place shows. */
export function word(content: string, index: number): string {
  return `${content}·${index}👍 `
}

/** All words that answer these messages; they are several when they were merged into one run. */
export function wordsOf(told: readonly Told[]): string[] {
  return told.flatMap(({ content, script }) => Array.from({ length: script.words }, (_, index) => word(content, index)))
}

export function stepsOf(told: readonly Told[]): JsonObject[] {
  return told.flatMap(({ content, script }) =>
    Array.from({ length: script.steps ?? 0 }, (_, index) => stepOf(content, index, script.stepBytes)),
  )
}

export function stepOf(content: string, index: number, bytes = 0): JsonObject {
  return { type: 'note', text: `${content} step ${index}${'.'.repeat(bytes)}` }
}

/** What the run of these messages has made once it has completed: its steps and its output. */
export function answerOf(told: readonly Told[]): JsonObject[] {
  const words = wordsOf(told)
  const pauseAfter = told.at(-1)?.script.pauseAfter ?? 0
  // Each leg makes a message of its own.
  const legs = [words.slice(0, pauseAfter), words.slice(pauseAfter)].filter((leg) => leg.length > 0)
  return [...stepsOf(told), ...legs.map((leg) => ({ type: 'message', role: 'assistant', content: leg.join('') }))]
}
