import type { Script } from '../agent/script.ts'
import type { Conversation } from '../arena/conversation.ts'
import { BOTH, type Row } from '../arena/row.ts'

const TALKS = 6
const SCRIPT: Script = { words: 20, everyMs: 40, steps: 1 }

export const row: Row = {
  number: 34,
  title: 'rolling restart of everything under load',
  invariants: ['I1', 'I2', 'I3', 'I4'],
  brokers: BOTH,
  async strike(arena) {
    arena.spare('failed', 'lapsed')
    const { cluster, broker } = arena.site
    const talks = await Promise.all(Array.from({ length: TALKS }, () => arena.conversation()))
    let over = false
    const talking = talks.map(async (talk) => {
      while (!over) await talk.say(SCRIPT).sawEnd()
    })
    // All of AgentView and its queue. The agent app is its owner's: one that ends in the middle of an answer has failed.
    const members = [...cluster.workers, cluster.api, ...cluster.realtimes]
    if (broker === 'redis') members.push(arena.site.redis)
    let underWay = 0
    for (const member of members) {
      await talks[0]?.turns.at(-1)?.saw('item.delta')
      underWay += (await Promise.all(talks.map(isTalking))).filter(Boolean).length
      const end = await member.terminate()
      if (end !== 'code 0') throw new Error(`${member.name} ended with ${end} when it was asked to end`)
      await member.start()
    }
    over = true
    await Promise.all(talking)
    return {
      proof:
        underWay > 0 ? `${members.length} processes, ${underWay} runs under way when they were asked to end` : null,
      recovery: null,
    }
  },
}

async function isTalking({ turns }: Conversation): Promise<boolean> {
  const turn = turns.at(-1)
  return turn !== undefined && (await turn.sawStart(0)) !== null && (await turn.sawEnd(0)) === null
}
