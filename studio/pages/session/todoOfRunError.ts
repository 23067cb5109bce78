/** What whoever runs the agent can do about a run's error, by its code. */
const TODO: Record<string, string> = {
  agent_disconnected: 'The agent app broke off its answer. Look at its log at that time; a retry may succeed.',
  agent_unreachable: 'Check that the agent app runs at its URL, and that a worker may reach it.',
  agent_status: 'The agent app answered with an error status. The attempt’s response and the app’s log say why.',
  agent_error: 'The agent app said so itself. Its own log has more.',
  agent_timeout: 'The agent app did not answer in time. Make it faster, or raise the timeouts of its policy.',
  idle_timeout:
    'The agent app was silent for too long. Let it send heartbeats, or raise timeouts.idleMs of its policy.',
  deadline_exceeded: 'The turn took longer than timeouts.totalMs of the agent’s policy allows.',
  invalid_output:
    'The agent app answered with what its schema or the protocol refuses. Look at the attempt’s response.',
  unstorable_output: 'The answer holds what can’t be stored, e.g. a NUL character. Look at the attempt’s response.',
  version_incompatible:
    'The agent app reports another major version. Publish that version, or deploy the one that runs.',
  pause_expired: 'Nobody answered in time. The end user can send a new message.',
  worker_lost: 'Its workers died while they carried it out. Look at their logs: this message may be what kills them.',
  no_credit: 'The model’s provider says that the credit is used up.',
}

export function todoOfRunError(code: string): string {
  return TODO[code] ?? 'Look at the attempts: each has its request, its answer and its times.'
}
