/** A refusal by the server, in the one shape of its errors. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly details: readonly { path: string; message: string }[]
  readonly requestId: string | null
  readonly retryAfterSeconds: number | null

  constructor(
    status: number,
    body: { code: string; message: string; details?: { path: string; message: string }[]; requestId?: string },
    retryAfterSeconds: number | null = null,
  ) {
    super(body.message)
    this.status = status
    this.code = body.code
    this.details = body.details ?? []
    this.requestId = body.requestId ?? null
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** The server could not be reached at all. */
export class OfflineError extends Error {
  constructor() {
    super('The server can’t be reached.')
  }
}

export interface Described {
  message: string
  todo: string
  requestId: string | null
}

/** An error as a person reads it: what happened, what to do, and what finds it in the server's log. */
export function describeError(error: unknown): Described {
  if (error instanceof OfflineError) {
    return {
      message: error.message,
      todo: 'Check your connection, or whether AgentView is running.',
      requestId: null,
    }
  }
  if (error instanceof ApiError) {
    const details = error.details.map(({ path, message }) => `${path ? `${path}: ` : ''}${message}`).join(' ')
    return {
      message: details ? `${error.message} ${details}` : error.message,
      todo: todoOf(error),
      requestId: error.requestId,
    }
  }
  return {
    message: error instanceof Error ? error.message : String(error),
    todo: 'Reload the page. If it comes back, tell whoever runs this AgentView.',
    requestId: null,
  }
}

function todoOf({ status, retryAfterSeconds }: ApiError): string {
  if (status === 401) return 'Log in and try again.'
  if (status === 403) return 'Your role doesn’t allow this. An owner can change roles in Settings.'
  if (status === 404) return 'It may have been deleted meanwhile, or the link belongs to another organization.'
  if (status === 409) return 'Somebody else may have been faster. Reload to see how it is now.'
  if (status === 429) return `Wait ${retryAfterSeconds ?? 'a few'} seconds and try again.`
  if (status === 503) return 'AgentView is busy or starting. Try again in a moment.'
  if (status >= 500) return 'Try again. If it comes back, look for the request id in the server’s log.'
  return 'Change what is named above and try again.'
}
