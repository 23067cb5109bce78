import { randomBytes } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { signatureHeaders } from '../../../workers/webhooks/signatureHeaders.ts'
import { type WebhookToVerify, WebhookVerificationError, verifyWebhook } from '../verifyWebhook.ts'

const newSecret = () => `whsec_${randomBytes(32).toString('base64')}`
const secret = newSecret()
const now = new Date()
const seconds = (offset: number) => new Date(now.getTime() + offset * 1_000)
const body = JSON.stringify({ type: 'run.completed', data: { text: 'Grüße 🎉' } })
const headers = signatureHeaders([secret], 'whd_1', body, now)

function faultOf(more: Partial<WebhookToVerify>): string {
  try {
    verifyWebhook({ secret, headers, body, now, ...more })
  } catch (error) {
    if (error instanceof WebhookVerificationError) return error.fault
    throw error
  }
  return 'none'
}

describe('the official library of Standard Webhooks', () => {
  test('accepts what we sign, whatever the body says', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(new Webhook(secret).verify(json, signatureHeaders([secret], 'whd_1', json, new Date()))).toEqual(
          JSON.parse(json),
        )
      }),
    )
  })

  test('accepts either secret while both sign', () => {
    const both = signatureHeaders([newSecret(), secret], 'whd_1', body, now)
    expect(new Webhook(secret).verify(body, both)).toEqual(JSON.parse(body))
  })

  test('signs what we accept, whatever the body says', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        const signed = {
          'webhook-id': 'msg_1',
          'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
          'webhook-signature': new Webhook(secret).sign('msg_1', now, json),
        }
        expect(verifyWebhook({ secret, headers: signed, body: json, now })).toEqual(JSON.parse(json))
      }),
    )
  })
})

describe('a request is accepted', () => {
  test.each<[string, Partial<WebhookToVerify>]>([
    ['as text', {}],
    ['as bytes', { body: Buffer.from(body) }],
    ['as an array of bytes', { body: new TextEncoder().encode(body) }],
    ['with the headers of fetch', { headers: new Headers(headers) }],
    ['by one of several secrets', { secret: [newSecret(), secret] }],
    ['by a secret without its prefix', { secret: secret.slice('whsec_'.length) }],
    ['by one of several signatures', { headers: signatureHeaders([newSecret(), secret], 'whd_1', body, now) }],
    [
      'beside signatures of other kinds',
      { headers: { ...headers, 'webhook-signature': `v1a,abc v2 ${headers['webhook-signature']}` } },
    ],
    ['five minutes later', { now: seconds(299) }],
    ['five minutes before', { now: seconds(-299) }],
    ['later than usual, when that is wanted', { now: seconds(3_000), toleranceSeconds: 3_600 }],
  ])('%s', (_how, more) => {
    expect(verifyWebhook({ secret, headers, body, now, ...more })).toEqual(JSON.parse(body))
  })
})

describe('a request is refused', () => {
  const without = (name: string) => ({ ...headers, [name]: undefined })
  const signed = (signature: string) => ({ headers: { ...headers, 'webhook-signature': signature } })
  const invalid = signatureHeaders([secret], 'whd_1', 'no JSON', now)

  test.each<[string, Partial<WebhookToVerify>, string]>([
    ['without its id', { headers: without('webhook-id') }, 'missing_header'],
    ['without its time', { headers: without('webhook-timestamp') }, 'missing_header'],
    ['without its signature', { headers: without('webhook-signature') }, 'missing_header'],
    ['without headers of fetch', { headers: new Headers() }, 'missing_header'],
    ['with a header that came twice', { headers: { ...headers, 'webhook-id': ['a', 'b'] } }, 'missing_header'],
    ['with another body', { body: `${body} ` }, 'invalid_signature'],
    ['with another id', { headers: { ...headers, 'webhook-id': 'whd_2' } }, 'invalid_signature'],
    [
      'with another time',
      { now: seconds(1), headers: { ...headers, 'webhook-timestamp': `${+headers['webhook-timestamp']! + 1}` } },
      'invalid_signature',
    ],
    ['by another secret', { secret: newSecret() }, 'invalid_signature'],
    ['by no secret', { secret: [] }, 'invalid_signature'],
    ['with a signature that is too short', signed('v1,YWJj'), 'invalid_signature'],
    ['with a signature that is too long', signed(`${headers['webhook-signature']}AAAA`), 'invalid_signature'],
    ['with an empty signature', signed('v1,'), 'invalid_signature'],
    [
      'with a signature of another version',
      signed(headers['webhook-signature']!.replace('v1,', 'v2,')),
      'invalid_signature',
    ],
    ['with a time that is none', { headers: { ...headers, 'webhook-timestamp': '1e9' } }, 'invalid_timestamp'],
    ['with a time before time', { headers: { ...headers, 'webhook-timestamp': '-5' } }, 'invalid_timestamp'],
    ['after more than five minutes', { now: seconds(302) }, 'too_old'],
    ['from more than five minutes ahead', { now: seconds(-302) }, 'too_new'],
    ['by a secret that is none', { secret: 'whsec_not base64!' }, 'invalid_secret'],
    ['by an empty secret', { secret: '' }, 'invalid_secret'],
    ['when it is signed but no JSON', { headers: invalid, body: 'no JSON' }, 'invalid_body'],
  ])('%s', (_how, more, fault) => {
    expect(faultOf(more)).toBe(fault)
  })

  test('with what a parser has made of the body, in words that help', () => {
    expect(() => verifyWebhook({ secret, headers, body: JSON.parse(body), now })).toThrow(
      'before anything has parsed it',
    )
  })
})
