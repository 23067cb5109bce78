/**
 * A failure that an agent tells on purpose. Its message and code stand in the run, where the end user's page reads them;
 * whatever else is thrown is told as "The agent failed." and goes to `onError`.
 */
export class AgentError extends Error {
  /** Lower case, digits and underscores, at most 64. */
  readonly code: string
  /** Whether another attempt may help: AgentView then makes it, by the agent's policy. */
  readonly retryable: boolean

  constructor(message: string, options: { code?: string; retryable?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.name = 'AgentError'
    this.code = options.code ?? 'agent_error'
    this.retryable = options.retryable ?? false
  }
}
