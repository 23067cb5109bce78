import { createServer } from 'node:http'
import { defineAgent } from '@agentview/agent'
import { toNodeHandler } from '@agentview/agent/node'
import { CATALOG } from './catalog.ts'

/** A shop assistant: shows the products whose name holds one of the words that were said. */
const assistant = defineAgent(
  async function* ({ input }) {
    const words = typeof input.content === 'string' ? input.content.toLowerCase().match(/[a-z]{3,}/g) : null
    const found = CATALOG.filter(({ name }) => words?.some((word) => name.toLowerCase().includes(word)))
    for (const product of found) yield { event: 'item', item: { ...product } }
    yield found.length > 0 ? 'I can recommend this.' : 'We have a rain jacket, wool socks and trail shoes.'
  },
  { version: '1.0.0' },
)

const handle = toNodeHandler(assistant, { secret: process.env.AGENTVIEW_SIGNING_SECRET ?? null })
createServer((request, response) => void handle(request, response)).listen(4105, '127.0.0.1', () =>
  console.log('The shop assistant listens on http://127.0.0.1:4105'),
)
