/**
 * What must not be sent to any more, and why: a session (`ses_…`), all that was begun by the right of an end user
 * (`eu_…`), of an API key (`key_…`), of a family of tokens, of a member (`mem_…`) or of his login (`lgs_…`).
 */
export interface Cut {
  subject: string
  reason: 'deleted' | 'revoked'
}
