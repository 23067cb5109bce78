import type { Script, WrongName } from '../agent/script.ts'
import { type Arena, BRIEF } from '../arena/arena.ts'
import type { Outcome } from '../arena/row.ts'
import { AGENT } from '../arena/site.ts'
import type { ExpectedEnd } from '../history/entries.ts'

/** One way in which an agent app goes wrong, and how the run has to end. */
export interface Scene {
  script: Script
  expected: ExpectedEnd
}

/** Attempts 1 … `times` go wrong and die of `code`; then all is well. */
export function overcome(how: WrongName, code: string, { times = 1, afterWords = 0 }): Scene {
  return {
    script: { words: 12, everyMs: 15, steps: 1, wrong: { how, times, afterWords } },
    expected: { status: 'completed', errors: Array.from({ length: times }, () => code) },
  }
}

/** Every attempt goes wrong, of which there are so many. */
export function failing(how: WrongName, code: string, { attempts = 1, afterWords = 0 }): Scene {
  return {
    script: { words: 12, everyMs: 15, steps: 1, wrong: { how, times: attempts, afterWords } },
    expected: { status: 'failed', errors: Array.from({ length: attempts }, () => code) },
  }
}

/** Plays all scenes at once, each in a session of its own, in which another message waits; bystanders talk meanwhile. */
export async function playScenes(arena: Arena, scenes: readonly Scene[], agent = AGENT): Promise<Outcome> {
  await arena.crowd(2, 4)
  const turns = await Promise.all(
    scenes.map(async ({ script, expected }) => {
      const talk = await arena.conversation(['sse', 'socket'], agent)
      const turn = talk.say(script)
      turn.mustEnd(expected)
      talk.say(BRIEF).mustEnd({ status: 'completed' })
      return turn
    }),
  )
  const ends = await Promise.all(turns.map((turn) => turn.sawEnd()))
  const wrongs = scenes.map(({ script }) => script.wrong?.how ?? 'chopped')
  return { proof: ends.includes(null) ? null : `the agent app went wrong: ${wrongs.join(', ')}`, recovery: null }
}
