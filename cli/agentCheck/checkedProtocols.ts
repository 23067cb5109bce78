/** What an agent app may speak that `agentview agent check` can try. */
export const CHECKED_PROTOCOLS = ['agentview', 'ag-ui'] as const
export type CheckedProtocol = (typeof CHECKED_PROTOCOLS)[number]
