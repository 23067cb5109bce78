import { packCut, packPayloads, packSeq, unpackCut, unpackPayload, unpackSeq } from '../postgres/notifyPayload.ts'

test('what is packed is unpacked, in payloads that NOTIFY takes', () => {
  const words = Array.from({ length: 1_000 }, (_, index) => packSeq(`ses_${String(index).padStart(26, '0')}`, index))
  const payloads = packPayloads('me', words)
  expect(payloads.length).toBe(5)
  for (const payload of payloads) expect(Buffer.byteLength(payload)).toBeLessThanOrEqual(7_500)
  expect(payloads.map(unpackPayload).every(({ from }) => from === 'me')).toBe(true)
  expect(payloads.flatMap((payload) => unpackPayload(payload).words)).toEqual(words)
})

test('nothing needs no payload', () => {
  expect(packPayloads('me', [])).toEqual([])
})

test.each([
  ['ses_1:7', { sessionId: 'ses_1', lastSeq: 7 }],
  ['ses_1', null],
  [':7', null],
  ['ses_1:x', null],
])('%s is a pair or none', (word, news) => {
  expect(unpackSeq(word)).toEqual(news)
})

test('cuts are packed with their reasons; what is no cut is left out', () => {
  const cut = { subject: 'ses_1', reason: 'deleted' } as const
  expect(unpackCut(packCut(cut))).toEqual(cut)
  for (const word of ['', 'ses_1', 'ses_1:', ':deleted', 'ses_1:because']) expect(unpackCut(word)).toBeNull()
})
