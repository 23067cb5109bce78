import { ClientError } from '../clientError.ts'

/** By what right the client calls. */
export interface Credentials {
  /** The publishable key that goes with a token of the customer's own; null beside ours. */
  readonly key: string | null
  /** A token that is good for a while. Throws ClientError. */
  token(): Promise<string>
  /** Another one than that which was refused or is about to end; all who ask at once get the same. Throws ClientError. */
  renew(spent: string): Promise<string>
}

/** Means that only somebody else can help: a token that was given once and is spent, a key that is refused. */
export function unauthorized(message: string): ClientError {
  return new ClientError('unauthorized', message, { status: 401 })
}

/** True for a refusal that another token may help against. */
export function wantsOtherToken(error: ClientError): boolean {
  return error.code === 'unauthorized' || error.code === 'token_expired'
}
