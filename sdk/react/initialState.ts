import type { ClientState } from '@agentview/client'

/** What a client shows before anything has happened: all that can be rendered on a server. */
export const INITIAL_STATE: ClientState = {
  connection: { status: 'closed', transport: null, problem: null },
  sessionId: null,
  session: null,
  loading: false,
  messages: [],
  hasOlder: false,
  loadingOlder: false,
  runs: [],
  run: null,
  status: 'idle',
  retrying: {},
  pause: null,
  state: null,
}
