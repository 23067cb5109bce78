import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { expect, test } from '@jest/globals'
import { listen } from '../listen.ts'

test('who stops takes nothing new and waits for the answers under way', async () => {
  const listening = await listen(0, '127.0.0.1')
  const url = `http://127.0.0.1:${listening.port}/`
  const begun: ServerResponse[] = []
  listening.serve((_request, response) => void begun.push(response))
  const answers = [fetch(url), fetch(url)]
  while (begun.length < 2) await once(listening.server, 'request')
  listening.refuse()
  let settled = false
  const waiting = listening.settled().then(() => (settled = true))
  begun[0]!.end('first')
  expect(await (await answers[0]!).text()).toBe('first')
  expect(settled).toBe(false)
  begun[1]!.end('second')
  await waiting
  expect(await (await answers[1]!).text()).toBe('second')
  await listening.settled()
  await listening.close()
})
