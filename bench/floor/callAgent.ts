import type { Pool } from 'undici'

/** Posts a run to the agent app and gives the pieces of text that it streamed. Throws when it did not say `done`. */
export async function callAgent(agent: Pool, body: object): Promise<string[]> {
  const { statusCode, body: stream } = await agent.request({
    path: '/',
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const pieces: string[] = []
  let done = false
  let rest = ''
  stream.setEncoding('utf8')
  for await (const chunk of stream) {
    const frames = (rest + String(chunk)).split('\n\n')
    rest = frames.pop() ?? ''
    for (const frame of frames) {
      const [event = '', data = ''] = frame.split('\n')
      // From our own agent app.
      if (event === 'event: text') pieces.push((JSON.parse(data.slice(6)) as { delta: string }).delta)
      else if (event === 'event: done') done = true
    }
  }
  if (statusCode !== 200 || !done) throw new Error(`the agent app answered ${statusCode} and did not say done`)
  return pieces
}
