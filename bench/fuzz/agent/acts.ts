import type { ServerResponse } from 'node:http'

/** What an input's member `act` may ask of the agent app of the fuzzing; without one it says what was said to it. */
export const ACTS = [
  'pause',
  'hand-over',
  'steps',
  'refuse',
  'break',
  'cut-short',
  'bad-json',
  'bad-utf8',
  'bad-frames',
  'deep',
  'nul',
  'forged',
  'poisoned',
  'wide',
] as const
export type Act = (typeof ACTS)[number]

export const frameOf = (event: string, data: string): string => `event: ${event}\ndata: ${data}\n\n`

const NESTED = `${'['.repeat(5_000)}${']'.repeat(5_000)}`
const SAID = { type: 'message', role: 'assistant', content: 'said' }

function whole(response: ServerResponse, items: string): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(`{"items":${items}}`)
}

/** Answers that need nothing but the response. Most are hostile: their runs have to end `failed`. */
export const answers: Record<Exclude<Act, 'pause' | 'hand-over'>, (response: ServerResponse) => void> = {
  steps: (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const step of [1, 2, 3]) response.write(frameOf('item', JSON.stringify({ item: { type: 'step', step } })))
    response.write(frameOf('state', '{"state":{"turns":1}}'))
    response.write(frameOf('metadata', '{"metadata":{"seen":true}}'))
    response.end(frameOf('text', '{"delta":"done"}') + frameOf('done', '{}'))
  },
  refuse: (response) => void response.writeHead(400).end('on purpose'),
  break: (response) => void response.socket?.resetAndDestroy(),
  'cut-short': (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(frameOf('text', '{"delta":"half of"}'))
  },
  'bad-json': (response) => whole(response, '[{"a":'),
  'bad-utf8': (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(Buffer.concat([Buffer.from('event: text\ndata: {"delta":"'), Buffer.from([0xc3, 0x28]), DONE]))
  },
  'bad-frames': (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(
      frameOf('item.delta', '{"id":"x","patch":[{"op":"replace","path":"/a/b","value":1}]}') + DONE.toString(),
    )
  },
  deep: (response) => whole(response, `[{"a":${NESTED}}]`),
  nul: (response) => whole(response, '[{"content":"a\\u0000b\\ud800"}]'),
  forged: (response) =>
    whole(
      response,
      JSON.stringify([{ ...SAID, id: 'itm_01jd0000000000000000000000', sessionId: 'ses_1', status: 'x' }]),
    ),
  poisoned: (response) => whole(response, '[{"__proto__":{"isAdmin":true},"constructor":{"prototype":{}}}]'),
  wide: (response) => whole(response, `[{"a":"${'x'.repeat(300_000)}"}]`),
}

const DONE = Buffer.from(`"}\n\n${frameOf('done', '{}')}`)

/** Whether somebody has asked for it. */
export function readAct(input: unknown): Act | null {
  if (typeof input !== 'object' || input === null || !('act' in input)) return null
  return ACTS.find((act) => act === input.act) ?? null
}
