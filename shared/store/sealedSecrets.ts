import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'

/** Secrets that the database must give back (signing keys), sealed with AES-256-GCM under a key derived from AGENTVIEW_SECRET. */
function keyOf(agentviewSecret: string): Uint8Array {
  return derive(agentviewSecret, 'agentview sealed secrets v1')
}

function derive(agentviewSecret: string, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', agentviewSecret, '', purpose, 32))
}

const NONCE_BYTES = 12
const TAG_BYTES = 16

/** `v1.` and base64url of nonce, tag and ciphertext. */
export function seal(agentviewSecret: string, text: string): string {
  return sealWith(agentviewSecret, randomBytes(NONCE_BYTES), text)
}

/**
 * The same, but equal for equal texts, so that what holds it can be compared with what was stored. The nonce is made of
 * the text, so that no two texts share one (the idea of RFC 5297's synthetic IV).
 */
export function sealAlike(agentviewSecret: string, text: string): string {
  const nonce = createHmac('sha256', derive(agentviewSecret, 'agentview nonces of texts v1')).update(text).digest()
  return sealWith(agentviewSecret, nonce.subarray(0, NONCE_BYTES), text)
}

function sealWith(agentviewSecret: string, nonce: Uint8Array, text: string): string {
  const cipher = createCipheriv('aes-256-gcm', keyOf(agentviewSecret), nonce)
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return `v1.${Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')}`
}

/** Throws when it was sealed under another AGENTVIEW_SECRET or altered. */
export function unseal(agentviewSecret: string, sealed: string): string {
  const bytes = Buffer.from(sealed.replace(/^v1\./, ''), 'base64url')
  const decipher = createDecipheriv('aes-256-gcm', keyOf(agentviewSecret), bytes.subarray(0, NONCE_BYTES))
  decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8')
  } catch {
    throw new Error('A stored secret can not be read: AGENTVIEW_SECRET is not the one that it was stored with.')
  }
}

/** A new key for signatures of Standard Webhooks: `whsec_` and 32 random bytes in base64. */
export function newSigningSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`
}
