import type { Request } from 'express'
import { AgentViewError } from '@shared/domain/errors'

/** The fields of a form that express.raw has read, as multipart/form-data or urlencoded. Throws `invalid_request`. */
export async function readForm(request: Request): Promise<Map<string, string>> {
  const type = request.headers['content-type'] ?? ''
  const body: unknown = request.body
  if (!Buffer.isBuffer(body)) throw invalid('Send the body as multipart/form-data.')
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData().catch(() => {
    throw invalid('The body is not valid multipart/form-data.')
  })
  const fields = new Map<string, string>()
  for (const [name, value] of form) {
    if (typeof value !== 'string') throw invalid('Files are not taken: send text.')
    fields.set(name, value)
  }
  return fields
}

function invalid(message: string): AgentViewError {
  return new AgentViewError('invalid_request', message)
}
